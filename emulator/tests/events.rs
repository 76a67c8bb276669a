//! Launches that wait for launches of other streams of their GPU: they start later, and see what
//! those wrote.

use crossdock_emulator::{Argument, Config, Error, Kernel, Launch, Machine, Ticket};

/// `fill` writes a word; `double` writes twice what it reads to the next word.
const PTX: &str = "
.version 8.0
.target sm_80
.address_size 64
.visible .entry fill(.param .u64 at, .param .u32 value)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [at];
    ld.param.u32 %r1, [value];
    st.global.u32 [%rd1], %r1;
    ret;
}
.visible .entry double(.param .u64 at)
{
    .reg .b32 %r<2>;
    .reg .b64 %rd<2>;
    ld.param.u64 %rd1, [at];
    ld.global.u32 %r1, [%rd1];
    add.u32 %r1, %r1, %r1;
    st.global.u32 [%rd1+4], %r1;
    ret;
}
";

struct Program {
    machine: Machine,
    fill: Kernel,
    double: Kernel,
    at: u64,
}

fn program(schedule_seed: u64) -> Program {
    let config = Config { gpus: 2, schedule_seed, ..Config::default() };
    let mut machine = Machine::new(config).expect("a machine");
    let module = machine.load(PTX).expect("PTX");
    let fill = machine.kernel(module, "fill").expect("an entry");
    let double = machine.kernel(module, "double").expect("an entry");
    let at = machine.allocate(0, 8).expect("room");
    Program { machine, fill, double, at }
}

fn launch(gpu: usize, stream: u32, kernel: Kernel, arguments: Vec<Argument>) -> Launch {
    Launch { gpu, stream, kernel, grid: [1; 3], block: [1; 3], shared_bytes: 0, arguments }
}

impl Program {
    /// Fills on one stream and doubles on another, which waits for `after` of the filling.
    fn run(&mut self, value: u32, after: impl Fn(Ticket) -> Vec<Ticket>) -> Result<u32, Error> {
        let fill = vec![Argument::U64(self.at), Argument::U32(value)];
        let filled = self.machine.launch(launch(0, 0, self.fill, fill))?;
        let double = launch(0, 1, self.double, vec![Argument::U64(self.at)]);
        self.machine.launch_after(double, None, &after(filled))?;
        self.machine.run()?;
        let mut word = [0; 4];
        self.machine.read(self.at + 4, &mut word)?;
        Ok(u32::from_le_bytes(word))
    }
}

#[test]
fn a_launch_that_waits_for_another_stream_sees_what_it_wrote() {
    for seed in 0..8 {
        let mut program = program(seed);
        for value in [3, 5, 8] {
            assert_eq!(program.run(value, |filled| vec![filled]).expect("no race"), 2 * value, "seed {seed}");
        }
    }
}

#[test]
fn without_waiting_it_is_a_race() {
    for seed in 0..8 {
        let error = program(seed).run(3, |_| Vec::new()).expect_err("nothing orders the streams");
        let text = error.to_string();
        assert!(text.contains("data race") || text.contains("uninitialised"), "seed {seed}: {text}");
    }
}

#[test]
fn launches_of_other_gpus_cannot_be_waited_for() {
    let Program { mut machine, fill, double, at } = program(0);
    let elsewhere = machine
        .launch(launch(1, 0, fill, vec![Argument::U64(at), Argument::U32(1)]))
        .expect("an ordinary launch");
    let error = machine
        .launch_after(launch(0, 0, double, vec![Argument::U64(at)]), None, &[elsewhere])
        .expect_err("of another GPU");
    assert!(error.to_string().contains("no earlier launch of its GPU"), "{error}");
}
