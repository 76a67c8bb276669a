//! Compiles a device function, runs it on the emulator for many operands, and compares with Rust.

use crossdock_codegen::front::{self, Source};
use crossdock_codegen::{back, ir};
use crossdock_emulator::{Argument, Config, Launch, Machine};

use crate::number::{Number, operands, pairs};

/// The target that has all instructions of the rows.
pub(crate) const ADA: &str = "sm_89";

fn options(target: &str) -> back::Options {
    back::Options::new(target, None).unwrap_or_else(|error| panic!("{error}"))
}

fn lowered(source: &str) -> ir::Module {
    let file = syn::parse_file(source).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let origin = Source { name: "code", file: "code.rs", text: Some(source) };
    front::lower(&file.items, &origin, &[], &[]).unwrap_or_else(|mistakes| {
        let sentences: Vec<String> = mistakes.into_iter().map(|mistake| mistake.message).collect();
        panic!("{}\n{source}", sentences.join("\n"))
    })
}

/// The PTX of the kernel `apply` of a module.
pub(crate) fn compiled(source: &str, target: &str) -> String {
    let program = back::link(vec![lowered(source)]).unwrap_or_else(|error| panic!("{error}\n{source}"));
    let kernel = back::specialise(&program, "apply", &[], &options(target));
    kernel.unwrap_or_else(|error| panic!("{error}\n{source}")).ptx.to_string()
}

/// Runs `apply(inputs.., result, count)`: the bytes of the result, or what the emulator reports.
pub(crate) fn executed(
    text: &str,
    inputs: &[Vec<u8>],
    result_bytes: usize,
    count: u32,
) -> Result<Vec<u8>, crossdock_emulator::Error> {
    let mut machine = Machine::new(Config::default())?;
    let module = machine.load(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let mut arguments = Vec::new();
    for input in inputs {
        let address = machine.allocate(0, input.len() as u64)?;
        machine.write(address, input)?;
        arguments.push(Argument::U64(address));
    }
    let result = machine.allocate(0, result_bytes as u64)?;
    arguments.extend([Argument::U64(result), Argument::U32(count)]);
    let kernel = machine.kernel(module, "apply")?;
    let (grid, block) = ([4, 1, 1], [128, 1, 1]);
    machine.launch(Launch { gpu: 0, stream: 0, kernel, grid, block, shared_bytes: 0, arguments })?;
    machine.run()?;
    let mut bytes = vec![0; result_bytes];
    machine.read(result, &mut bytes)?;
    Ok(bytes)
}

fn bytes<T: Number>(numbers: impl Iterator<Item = T>) -> Vec<u8> {
    numbers.flat_map(|number| number.bits64().to_le_bytes().into_iter().take(T::BYTES)).collect()
}

fn numbers<T: Number>(bytes: &[u8]) -> Vec<T> {
    let number = |chunk: &[u8]| {
        let mut wide = [0; 8];
        wide[..T::BYTES].copy_from_slice(chunk);
        T::from_bits64(u64::from_le_bytes(wide))
    };
    bytes.chunks_exact(T::BYTES).map(number).collect()
}

/// How many operands are tried as constants.
const FOLDED: usize = 48;

/// A device function of `N` operands of one type, and what it must give.
pub(crate) struct Case<'a, T, R, const N: usize> {
    /// Device code of the operands `a`, `b`, `c`.
    pub(crate) device: &'a str,
    /// What the kernel is made for.
    pub(crate) target: &'a str,
    /// What is tried.
    pub(crate) operands: Vec<[T; N]>,
    /// What the reference gives.
    pub(crate) expected: Vec<R>,
}

impl<T: Number, R: Number, const N: usize> Case<'_, T, R, N> {
    /// Compares the PTX, and constants folded by the compiler, with Rust.
    pub(crate) fn check(&self) {
        let names = &["a", "b", "c"][..N];
        let list = |text: &dyn Fn(&&str) -> String| names.iter().map(text).collect::<Vec<_>>().join(", ");
        let (from, to) = (T::NAME, R::NAME);
        let parameters = list(&|name| format!("{name}: {from}"));
        let function = format!("pub fn f({parameters}) -> {to} {{ {} }}", self.device);
        let source = format!(
            "{function}
            #[kernel(warps = 4)]
            pub fn apply({}, result: Global<{to}>, count: u32) {{
                let mut index = block_in_grid() * threads_in_block() + thread_in_block();
                while index < count {{
                    result.at(index).write(f({}));
                    index += blocks_in_grid() * threads_in_block();
                }}
            }}",
            list(&|name| format!("{name}: Global<{from}>")),
            list(&|name| format!("{name}.at(index).read()")),
        );
        let inputs: Vec<Vec<u8>> =
            (0..N).map(|index| bytes(self.operands.iter().map(|operands| operands[index]))).collect();
        let all: Vec<usize> = (0..self.operands.len()).collect();
        self.compare(&source, &inputs, &all, "computes");

        let few: Vec<usize> = all.iter().copied().step_by(all.len().div_ceil(FOLDED).max(1)).collect();
        let write = |(place, index): (usize, &usize)| {
            let literals: Vec<String> =
                self.operands[*index].iter().map(|operand| operand.literal()).collect();
            format!("result.at({place}u32).write(f({}));", literals.join(", "))
        };
        let writes: Vec<String> = few.iter().enumerate().map(write).collect();
        let source = format!(
            "{function}
            #[kernel(warps = 4)]
            pub fn apply(result: Global<{to}>, count: u32) {{
                if thread_in_block() + block_in_grid() == 0 && count > 0 {{ {} }}
            }}",
            writes.join("\n"),
        );
        self.compare(&source, &[], &few, "folds");
    }

    /// Runs a kernel that writes the results for the operands at `indices`.
    fn compare(&self, source: &str, inputs: &[Vec<u8>], indices: &[usize], verb: &str) {
        let text = compiled(source, self.target);
        let result = executed(&text, inputs, indices.len() * R::BYTES, indices.len() as u32);
        let found = result.unwrap_or_else(|error| panic!("{error}\n{text}"));
        for (index, found) in indices.iter().zip(numbers::<R>(&found)) {
            let expected = self.expected[*index];
            assert!(
                found.same(expected),
                "`{}` of {:?} as {}: PTX {verb} {found:?} ({:#x}), not {expected:?} ({:#x})\n{text}",
                self.device,
                self.operands[*index],
                T::NAME,
                found.bits64(),
                expected.bits64(),
            );
        }
    }
}

/// Compares functions of one number.
pub(crate) fn unary<T: Number, R: Number>(device: &str, host: fn(T) -> R) {
    let operands: Vec<[T; 1]> = operands().into_iter().map(|a| [a]).collect();
    let expected = operands.iter().map(|[a]| host(*a)).collect();
    Case { device, target: ADA, operands, expected }.check();
}

/// Compares functions of two numbers.
pub(crate) fn binary<T: Number, R: Number>(device: &str, host: fn(T, T) -> R) {
    binary_where(|_, _| true, device, host);
}

/// As [`binary`], for operands for which Rust has a result.
pub(crate) fn binary_where<T: Number, R: Number>(
    defined: fn(T, T) -> bool,
    device: &str,
    host: fn(T, T) -> R,
) {
    let defined = pairs().into_iter().filter(|(a, b)| defined(*a, *b));
    let operands: Vec<[T; 2]> = defined.map(|(a, b)| [a, b]).collect();
    let expected = operands.iter().map(|[a, b]| host(*a, *b)).collect();
    Case { device, target: ADA, operands, expected }.check();
}

/// Compares functions of three numbers.
pub(crate) fn ternary<T: Number, R: Number>(
    defined: fn(T, T, T) -> bool,
    device: &str,
    host: fn(T, T, T) -> R,
) {
    let numbers = operands::<T>();
    let triples = pairs::<T>().into_iter().zip(numbers.iter().cycle());
    let operands: Vec<[T; 3]> =
        triples.map(|((a, b), c)| [a, b, *c]).filter(|[a, b, c]| defined(*a, *b, *c)).collect();
    let expected = operands.iter().map(|[a, b, c]| host(*a, *b, *c)).collect();
    Case { device, target: ADA, operands, expected }.check();
}
