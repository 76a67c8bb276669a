//! How fast the emulator executes on one core, with checks for data races and without: an
//! arithmetic loop and a loop of 16-byte copies, with one warp and with many. Bytes are those
//! copied; as many again are read.
//!
//! `cargo bench -p crossdock-emulator --bench throughput`, and `-- "checks on"` for the settings
//! with that in their names.

use crossdock_emulator::{Argument, Config, Error, Launch, Machine};

const PTX: &str = r"
.version 8.0
.target sm_90
.address_size 64

.visible .entry arithmetic(.param .u32 rounds)
{
    .reg .b32 %r<16>;
    .reg .f32 %f<8>;
    .reg .pred %p;
    ld.param.u32 %r0, [rounds];
    mov.u32 %r1, %tid.x;
    mov.u32 %r2, 0;
    mov.f32 %f0, 0f3F800000;
    mov.f32 %f1, 0f3F000000;
again:
    add.u32 %r3, %r1, %r2;
    xor.b32 %r4, %r3, 0x5bd1e995;
    mad.lo.u32 %r1, %r4, 3, %r2;
    shl.b32 %r5, %r1, 3;
    and.b32 %r6, %r5, 255;
    fma.rn.f32 %f0, %f0, %f1, 0f3F800000;
    add.rn.f32 %f2, %f0, %f1;
    mul.rn.f32 %f3, %f2, %f1;
    max.f32 %f4, %f3, %f0;
    add.u32 %r2, %r2, 1;
    setp.lt.u32 %p, %r2, %r0;
    @%p bra again;
    ret;
}

.visible .entry copy(.param .u64 to, .param .u64 from, .param .u32 rounds)
{
    .reg .b32 %r<16>;
    .reg .b64 %rd<16>;
    .reg .pred %p;
    ld.param.u64 %rd0, [to];
    ld.param.u64 %rd1, [from];
    ld.param.u32 %r0, [rounds];
    mov.u32 %r1, %tid.x;
    mov.u32 %r2, %ntid.x;
    mov.u32 %r3, %ctaid.x;
    mul.lo.u32 %r4, %r3, %r2;
    mul.lo.u32 %r4, %r4, %r0;
    add.u32 %r4, %r4, %r1;
    mul.wide.u32 %rd2, %r4, 16;
    add.u64 %rd0, %rd0, %rd2;
    add.u64 %rd1, %rd1, %rd2;
    mul.wide.u32 %rd3, %r2, 16;
    mov.u32 %r5, 0;
again:
    ld.global.v4.b32 {%r8, %r9, %r10, %r11}, [%rd1];
    st.global.v4.b32 [%rd0], {%r8, %r9, %r10, %r11};
    add.u64 %rd0, %rd0, %rd3;
    add.u64 %rd1, %rd1, %rd3;
    add.u32 %r5, %r5, 1;
    setp.lt.u32 %p, %r5, %r0;
    @%p bra again;
    ret;
}
";

/// Processor time of this process, so that other work on the machine does not count; wall time
/// where that is unknown.
fn seconds_spent() -> f64 {
    let scheduled = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = scheduled.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanoseconds.map(|nanoseconds| nanoseconds / 1e9).unwrap_or_else(|| {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
    })
}

/// What a machine is made for.
struct Setting {
    name: &'static str,
    config: Config,
}

fn main() -> Result<(), Error> {
    let settings = [
        Setting { name: "checks on (default)", config: Config::default() },
        Setting { name: "checks off", config: Config { checks: false, ..Config::default() } },
        Setting { name: "baseline instructions", config: Config { baseline: true, ..Config::default() } },
    ];
    println!("{:28} {:>6} {:>34} {:>12}", "", "warps", "M warp instructions/s, arithmetic", "GB/s copied");
    // Cargo passes `--bench`; anything else names the settings to measure.
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    for Setting { name, config } in settings.iter().filter(|setting| setting.name.contains(&wanted)) {
        for (blocks, threads) in [(1, 32), (132, 256)] {
            let instructions = arithmetic(config, blocks, threads)?;
            let bytes = copy(config, blocks, threads)?;
            let warps = blocks * threads / 32;
            println!("{name:28} {warps:6} {:34.0} {:12.2}", instructions / 1e6, bytes / 1e9);
        }
    }
    Ok(())
}

/// Warp instructions per second of an arithmetic loop.
fn arithmetic(config: &Config, blocks: u32, threads: u32) -> Result<f64, Error> {
    let mut machine = Machine::new(config.clone())?;
    let rounds = 4_000_000 / (blocks * threads / 32);
    let (seconds, instructions) =
        launch(&mut machine, "arithmetic", (blocks, threads), vec![Argument::U32(rounds)])?;
    Ok(instructions as f64 / seconds)
}

/// Bytes per second of a loop that copies 16 bytes per lane.
fn copy(config: &Config, blocks: u32, threads: u32) -> Result<f64, Error> {
    let mut machine = Machine::new(config.clone())?;
    let warps = blocks * threads / 32;
    let rounds = (256 << 20) / (warps * 512);
    let bytes = u64::from(rounds) * u64::from(warps) * 512;
    let (from, to) = (machine.allocate(0, bytes)?, machine.allocate(0, bytes)?);
    // The host's pages are there before the clock starts.
    machine.fill(from, 1, bytes)?;
    machine.fill(to, 2, bytes)?;
    let arguments = vec![Argument::U64(to), Argument::U64(from), Argument::U32(rounds)];
    let (seconds, _) = launch(&mut machine, "copy", (blocks, threads), arguments)?;
    Ok(bytes as f64 / seconds)
}

/// Launches of which the middle one counts: the first one finds memory that the host has not
/// committed yet.
const LAUNCHES: usize = 5;

/// Seconds and warp instructions of a launch.
fn launch(
    machine: &mut Machine,
    name: &str,
    (blocks, threads): (u32, u32),
    arguments: Vec<Argument>,
) -> Result<(f64, u64), Error> {
    let module = machine.load(PTX)?;
    let kernel = machine.kernel(module, name)?;
    let (grid, block) = ([blocks, 1, 1], [threads, 1, 1]);
    let mut measured = Vec::with_capacity(LAUNCHES);
    for _ in 0..LAUNCHES {
        let arguments = arguments.clone();
        let launch = Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments };
        let ticket = machine.launch(launch)?;
        let start = seconds_spent();
        machine.run()?;
        let seconds = seconds_spent() - start;
        measured.push((seconds, machine.report(ticket).map_or(0, |report| report.warp_instructions)));
    }
    measured.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(measured[LAUNCHES / 2])
}
