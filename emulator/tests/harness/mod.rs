//! Runs small pieces of PTX on one lane per input row.

use crossdock_emulator::{Argument, Config, Error, Kernel, Launch, Machine};

/// Inputs of a thread.
pub(crate) type Row = [u64; 3];

/// What a thread computed: `%d` (32 bits), `%l` (64 bits) and `%p`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) word: u32,
    pub(crate) long: u64,
    pub(crate) predicate: bool,
}

/// A module around one entry; `body` may use the registers that are declared here.
pub(crate) fn module(parameters: &str, body: &str) -> String {
    format!(
        ".version 9.2\n.target sm_100a\n.address_size 64\n\n.visible .entry main({parameters})\n{{\n\
         .reg .pred %p, %q, %s<16>;\n.reg .b16 %h<32>;\n.reg .b32 %d, %r<64>;\n.reg .f32 %f<32>;\n\
         .reg .b64 %l, %rd<64>;\n.reg .f64 %fd<16>;\n{body}\nret;\n}}\n"
    )
}

/// Executes `body` for every row: it finds the row in `%rd1`, `%rd2`, `%rd3`, their low halves in
/// `%r1`, `%r2`, `%r3` and their low 16 bits in `%h1`, `%h2`, `%h3`.
pub(crate) fn evaluate(body: &str, rows: &[Row]) -> Vec<Outcome> {
    let text = module(
        ".param .u64 input, .param .u64 output, .param .u32 count",
        &format!(
            "ld.param.u64 %rd60, [input];\nld.param.u64 %rd61, [output];\nld.param.u32 %r60, [count];\n\
             mov.u32 %r61, %tid.x;\nmov.u32 %r62, %ctaid.x;\nmad.lo.u32 %r61, %r62, 256, %r61;\n\
             setp.ge.u32 %s15, %r61, %r60;\n@%s15 ret;\n\
             mad.wide.u32 %rd60, %r61, 24, %rd60;\nmad.wide.u32 %rd61, %r61, 16, %rd61;\n\
             ld.global.u64 %rd1, [%rd60];\nld.global.u64 %rd2, [%rd60+8];\nld.global.u64 %rd3, [%rd60+16];\n\
             cvt.u32.u64 %r1, %rd1;\ncvt.u32.u64 %r2, %rd2;\ncvt.u32.u64 %r3, %rd3;\n\
             cvt.u16.u64 %h1, %rd1;\ncvt.u16.u64 %h2, %rd2;\ncvt.u16.u64 %h3, %rd3;\n\
             mov.b32 %f1, %r1;\nmov.b32 %f2, %r2;\nmov.b32 %f3, %r3;\n\
             mov.b64 %fd1, %rd1;\nmov.b64 %fd2, %rd2;\nmov.b64 %fd3, %rd3;\n\
             mov.u32 %d, 0;\nmov.u64 %l, 0;\nsetp.ne.u32 %p, %r60, %r60;\n\
             {body}\n\
             st.global.u64 [%rd61], %l;\nst.global.u32 [%rd61+8], %d;\nselp.u32 %r63, 1, 0, %p;\n\
             st.global.u32 [%rd61+12], %r63;"
        ),
    );
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let kernel = kernel(&mut machine, &text);
    let input = upload(&mut machine, 0, &rows.concat());
    let output = machine.allocate(0, rows.len() as u64 * 16).expect("memory");
    let arguments = vec![Argument::U64(input), Argument::U64(output), Argument::U32(rows.len() as u32)];
    let grid = [(rows.len() as u32).div_ceil(256), 1, 1];
    machine
        .launch(Launch { gpu: 0, stream: 0, kernel, grid, block: [256, 1, 1], shared_bytes: 0, arguments })
        .expect("launch");
    machine.run().unwrap_or_else(|error| panic!("{body}: {error}"));
    let mut bytes = vec![0; rows.len() * 16];
    machine.read(output, &mut bytes).expect("read");
    let (chunks, _) = bytes.as_chunks::<16>();
    chunks
        .iter()
        .map(|chunk| Outcome {
            long: u64::from_le_bytes(chunk[..8].try_into().expect("8 bytes")),
            word: u32::from_le_bytes(chunk[8..12].try_into().expect("4 bytes")),
            predicate: chunk[12] == 1,
        })
        .collect()
}

/// Loads a module and returns its entry `main`.
pub(crate) fn kernel(machine: &mut Machine, text: &str) -> Kernel {
    let module = machine.load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    machine.kernel(module, "main").expect("entry")
}

/// Allocates memory with these contents.
pub(crate) fn upload(machine: &mut Machine, gpu: usize, values: &[u64]) -> u64 {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let address = machine.allocate(gpu, bytes.len() as u64).expect("memory");
    machine.write(address, &bytes).expect("write");
    address
}

/// Allocates zeroed memory.
pub(crate) fn zeroed(machine: &mut Machine, gpu: usize, bytes: u64) -> u64 {
    let address = machine.allocate(gpu, bytes).expect("memory");
    machine.fill(address, 0, bytes).expect("fill");
    address
}

/// Words at an address.
pub(crate) fn words(machine: &mut Machine, address: u64, count: usize) -> Vec<u32> {
    let mut bytes = vec![0; count * 4];
    machine.read(address, &mut bytes).expect("read");
    let (chunks, _) = bytes.as_chunks::<4>();
    chunks.iter().map(|chunk| u32::from_le_bytes(*chunk)).collect()
}

/// Runs `main` of `text` once on GPU 0.
pub(crate) fn run(
    machine: &mut Machine,
    text: &str,
    grid: u32,
    block: u32,
    arguments: Vec<Argument>,
) -> Result<crossdock_emulator::Ticket, Error> {
    let kernel = kernel(machine, text);
    let launch = Launch {
        gpu: 0,
        stream: 0,
        kernel,
        grid: [grid, 1, 1],
        block: [block, 1, 1],
        shared_bytes: 0,
        arguments,
    };
    let ticket = machine.launch(launch)?;
    machine.run()?;
    Ok(ticket)
}

/// Rows of random values, mixed with the ones that break things.
pub(crate) fn random_rows(count: usize, seed: u64) -> Vec<Row> {
    const EDGES: [u64; 20] = [
        0,
        1,
        2,
        31,
        32,
        33,
        63,
        64,
        0x7f,
        0x80,
        0xffff,
        0x8000,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        0x7fff_ffff_ffff_ffff,
        0x8000_0000_0000_0000,
        u64::MAX,
        0x3f80_0000,
        0x7f80_0000,
    ];
    let mut state = seed | 1;
    let mut next = move || {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d)
    };
    let mut value = move || {
        let random = next();
        match next() % 4 {
            0 => EDGES[(random % EDGES.len() as u64) as usize],
            1 => random % 70,
            _ => random,
        }
    };
    (0..count).map(|_| [value(), value(), value()]).collect()
}
