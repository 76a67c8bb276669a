//! Floating-point arithmetic of `f32` and `f64` (PTX ISA sections 9.7.3 and 9.7.5).

use crossdock_ptx::Format;

use crate::activity::Class;
use crate::decode::decoder::{Decode, Decoder};
use crate::execute::float::apply32;
use crate::numeric::arithmetic::{add, canonical_f64, flush, multiply, multiply_add};
use crate::numeric::directed;
use crate::op::{Conversion, Data, FloatBinary, FloatMode, FloatProperty, FloatUnary, Op, Rounding, Type};

pub(super) const DECODINGS: &[(&str, Decode)] = &[
    ("rcp", either),
    ("sqrt", either),
    ("rsqrt", either),
    ("sin", either),
    ("cos", either),
    ("lg2", either),
    ("copysign", either),
    ("testp", test),
];

fn either(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    if d.last_type() == Some(Type::F64) { double(d) } else { single(d) }
}

/// The operation of two operands that a mnemonic names.
pub(super) fn binary_kind(name: &str, nan: bool) -> Option<FloatBinary> {
    Some(match (name, nan) {
        ("add", _) => FloatBinary::Add,
        ("sub", _) => FloatBinary::Subtract,
        ("mul", _) => FloatBinary::Multiply,
        ("div", _) => FloatBinary::Divide,
        ("min", false) => FloatBinary::Minimum,
        ("max", false) => FloatBinary::Maximum,
        ("min", true) => FloatBinary::MinimumNan,
        ("max", true) => FloatBinary::MaximumNan,
        ("copysign", _) => FloatBinary::CopySign,
        _ => return None,
    })
}

fn unary_kind(name: &str) -> Option<FloatUnary> {
    Some(match name {
        "abs" => FloatUnary::Absolute,
        "neg" => FloatUnary::Negate,
        "rcp" => FloatUnary::Reciprocal,
        "sqrt" => FloatUnary::SquareRoot,
        "rsqrt" => FloatUnary::ReciprocalSquareRoot,
        "sin" => FloatUnary::Sine,
        "cos" => FloatUnary::Cosine,
        "lg2" => FloatUnary::Logarithm2,
        "ex2" => FloatUnary::Exponential2,
        "tanh" => FloatUnary::HyperbolicTangent,
        _ => return None,
    })
}

/// The direction of a result that is not rounded to nearest. Approximations are executed with full
/// precision.
fn direction(d: &mut Decoder<'_, '_>) -> Option<Rounding> {
    d.ignore(&["approx", "full"]);
    d.get().filter(|&rounding| rounding != Rounding::NearestEven)
}

/// An `f32` from the bits of a register.
fn single_of(bits: u64, flushes: bool) -> f32 {
    let value = f32::from_bits(bits as u32);
    if flushes { flush(value) } else { value }
}

fn bits_of(value: f32, flushes: bool) -> u64 {
    u64::from(if flushes { flush(value) } else { value }.to_bits())
}

fn singles(
    d: &mut Decoder<'_, '_>,
    function: impl Fn([u64; 3]) -> u64 + Send + Sync + 'static,
) -> Result<(), String> {
    d.function(Class::Floating, (32, 32), function)
}

/// Instructions of `f32`.
pub(super) fn single(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let directed = direction(d);
    let (flush, saturate) = (d.take("ftz"), d.take("sat"));
    let mode = FloatMode { flush, saturate };
    let (name, nan) = (d.name(), d.take("NaN"));
    match (name, directed, binary_kind(name, nan), unary_kind(name)) {
        ("fma" | "mad", ..) => {
            let operands = d.four(false)?;
            d.emit(match directed {
                None => Op::Fma32 { mode, operands },
                Some(rounding) => Op::DirectedFma32 { rounding, mode, operands },
            });
        }
        ("div", Some(rounding), ..) => {
            return singles(d, move |[a, b, _]| {
                let quotient = directed::divide_f32(single_of(a, flush), single_of(b, flush), rounding);
                bits_of(quotient, flush)
            });
        }
        ("rcp", Some(rounding), ..) => {
            return singles(d, move |[a, ..]| {
                bits_of(directed::divide_f32(1.0, single_of(a, flush), rounding), flush)
            });
        }
        ("sqrt", Some(rounding), ..) => {
            return singles(d, move |[a, ..]| {
                bits_of(directed::square_root_f32(single_of(a, flush), rounding), flush)
            });
        }
        ("min" | "max", _, Some(kind), _) if d.take("xorsign") => {
            d.take("abs");
            return singles(d, move |[a, b, _]| {
                let [x, y] = [a, b].map(|bits| single_of(bits & 0x7fff_ffff, flush));
                let magnitude = apply32(kind, x, y).to_bits() & 0x7fff_ffff;
                bits_of(f32::from_bits(magnitude | (a ^ b) as u32 & 0x8000_0000), flush)
            });
        }
        (_, _, Some(kind), _) if d.operands().len() == 4 => return three_inputs(d, kind, mode),
        (_, Some(rounding), Some(kind), _) => {
            let operands = d.three(false)?;
            d.emit(Op::Directed32 { kind, rounding, mode, operands });
        }
        (_, None, Some(kind), _) => {
            let operands = d.three(false)?;
            d.emit(Op::Float32 { kind, mode, operands });
        }
        (_, None, _, Some(kind)) => {
            let (to, a) = (d.result_word()?, d.word(1)?);
            d.emit(Op::FloatUnary32 { kind, mode, d: to, a });
        }
        _ => return Err("the emulator executes it with `.rn` only".into()),
    }
    Ok(())
}

/// `min.f32 d, a, b, c` and `max.f32 d, a, b, c`: each step counts as an instruction.
fn three_inputs(d: &mut Decoder<'_, '_>, kind: FloatBinary, mode: FloatMode) -> Result<(), String> {
    let absolute = d.take("abs");
    let [to, mut inputs @ ..] = d.four(false)?;
    if absolute {
        for input in &mut inputs {
            let magnitude = d.new_word()?;
            let (kind, mode) = (FloatUnary::Absolute, FloatMode::default());
            d.emit(Op::FloatUnary32 { kind, mode, d: magnitude, a: *input });
            *input = magnitude;
        }
    }
    let [a, b, c] = inputs;
    let first = d.new_word()?;
    d.emit(Op::Float32 { kind, mode, operands: [first, a, b] });
    d.emit(Op::Float32 { kind, mode, operands: [to, first, c] });
    Ok(())
}

/// Instructions of `f64`.
pub(super) fn double(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    if d.has("approx") {
        d.take("ftz");
    }
    let name = d.name();
    if let Some(rounding) = direction(d) {
        let f = move |values: [f64; 3]| directed64(name, values, rounding);
        return d.function(Class::Floating, (64, 64), move |values| {
            canonical_f64(f(values.map(f64::from_bits))).to_bits()
        });
    }
    let op = match (name, binary_kind(name, false), unary_kind(name)) {
        ("fma" | "mad", ..) => Op::Fma64 { operands: d.four(true)? },
        (_, Some(kind), _) => Op::Float64 { kind, operands: d.three(true)? },
        (_, _, Some(kind)) => Op::FloatUnary64 { kind, d: d.result_value(true)?, a: d.long(1)? },
        _ => return Err("the emulator does not execute it for `.f64`".into()),
    };
    d.emit(op);
    Ok(())
}

fn directed64(name: &str, [a, b, c]: [f64; 3], rounding: Rounding) -> f64 {
    match name {
        "add" => directed::add(a, b, rounding),
        "sub" => directed::add(a, -b, rounding),
        "mul" => directed::multiply(a, b, rounding),
        "div" => directed::divide(a, b, rounding),
        "rcp" => directed::divide(1.0, a, rounding),
        "sqrt" => directed::square_root(a, rounding),
        _ => directed::multiply_add(a, b, c, rounding),
    }
}

/// Two `f32` in 64 bits.
pub(super) fn pair(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    d.ty()?;
    let (rounding, flush) = (d.get().unwrap_or(Rounding::NearestEven), d.take("ftz"));
    let kind = binary_kind(d.name(), false);
    d.function(Class::Floating, (64, 64), move |values| {
        let part = |shift: u32| {
            let [x, y, z] = values.map(|value| single_of(value >> shift, flush).to_bits());
            let result = match kind {
                None => multiply_add(Format::F32, x, y, z, rounding),
                Some(FloatBinary::Add) => add(Format::F32, x, y, rounding),
                Some(FloatBinary::Subtract) => add(Format::F32, x, y ^ 0x8000_0000, rounding),
                Some(_) => multiply(Format::F32, x, y, rounding),
            };
            bits_of(f32::from_bits(result), flush)
        };
        part(0) | part(32) << 32
    })
}

/// `add.f32.f16 d, a, c` and its kin: 16-bit sources, which are exact in `f32`, and a sum in `f32`.
pub(super) fn mixed(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let from = d.ty()?;
    d.ty()?;
    let rounding = d.get().unwrap_or(Rounding::NearestEven);
    let mode = FloatMode { flush: false, saturate: d.take("sat") };
    let narrow = d.operands().len() - 2;
    let to = d.result_word()?;
    let mut sources = [0; 3];
    for (index, source) in sources.iter_mut().enumerate().take(narrow + 1) {
        *source = d.word(index + 1)?;
    }
    for source in &mut sources[..narrow] {
        let wide = d.new_word()?;
        let [a, converted] = [*source, wide].map(|slot| Data { slot, long: false });
        d.emit_conversion(Conversion { from, ..Conversion::exact(Type::F32, converted, a) });
        *source = wide;
    }
    let [a, b, c] = sources;
    let op = match binary_kind(d.name(), false) {
        None => Op::DirectedFma32 { rounding, mode, operands: [to, a, b, c] },
        Some(kind) => Op::Directed32 { kind, rounding, mode, operands: [to, a, b] },
    };
    d.emit(op);
    Ok(())
}

fn test(d: &mut Decoder<'_, '_>) -> Result<(), String> {
    let wide = d.ty()? == Type::F64;
    let property = d.require(&[
        ("finite", FloatProperty::Finite),
        ("infinite", FloatProperty::Infinite),
        ("number", FloatProperty::Number),
        ("notanumber", FloatProperty::NotANumber),
        ("normal", FloatProperty::Normal),
        ("subnormal", FloatProperty::Subnormal),
    ])?;
    let (to, a) = (d.result_predicate()?, d.value(1, wide)?);
    d.emit(Op::TestProperty { wide, property, d: to, a });
    Ok(())
}
