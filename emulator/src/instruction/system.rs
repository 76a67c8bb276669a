//! Functions that the driver provides: `printf`, `assert`, `malloc` and `free` (CUDA programming
//! guide).

use sprintf::{Printf, vsprintf};

use crate::activity::Class;
use crate::code::FRAME;
use crate::decode::builder::Builder;
use crate::error::FaultKind;
use crate::execute::{Environment, Operation, Private, Raised, Site, Step, raise};
use crate::memory::window;
use crate::op::{Effect, Place, Space};
use crate::register::lanes;

/// The longest string that is read.
const LONGEST: usize = 1 << 16;
/// The widest number or string that is printed.
const WIDEST: usize = 512;
/// Bytes that a launch may print; CUDA's buffer is smaller.
const MOST_PRINTED: usize = 16 << 20;

/// A function that the driver provides.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Function {
    Print,
    AssertionFailed,
    Allocate,
    Free,
}

/// The function of a name, with the bytes of its results and parameters.
pub(crate) fn function(name: &str) -> Option<(Function, &'static [u32], &'static [u32])> {
    Some(match name {
        "vprintf" => (Function::Print, &[4], &[8, 8]),
        "__assertfail" => (Function::AssertionFailed, &[], &[8, 8, 4, 8, 8]),
        "malloc" => (Function::Allocate, &[8], &[8]),
        "free" => (Function::Free, &[], &[8]),
        _ => return None,
    })
}

/// Appends a call: result, if any, then arguments, in the caller's frame.
pub(crate) fn emit(builder: &mut Builder<'_>, function: Function, actuals: Vec<Place>) {
    builder.emit_own(Class::Control, Effect::Memory, Call { function, actuals });
}

#[derive(Debug)]
struct Call {
    function: Function,
    actuals: Vec<Place>,
}

impl Operation for Call {
    fn execute(&self, site: &mut Site<'_, '_>) -> Result<Step, Raised> {
        site.spin.stored = true;
        let (env, private) = (&mut *site.env, &mut *site.private);
        for lane in lanes(site.mask) {
            let frame = site.r.longs[usize::from(FRAME)][lane] as usize;
            let start = lane * private.local_bytes + frame;
            let value = |private: &Private, index: usize| -> u64 {
                let Place { offset, bytes } = self.actuals[index];
                private.local.value(start + offset as usize, bytes as usize) as u64
            };
            let mut thread = Thread { env: &mut *env, private: &mut *private, lane };
            let result = match self.function {
                Function::Print => {
                    let (format, values) = (value(thread.private, 1), value(thread.private, 2));
                    Some(thread.print(format, values)?)
                }
                Function::AssertionFailed => {
                    let mut text = |index| {
                        let address = value(thread.private, index);
                        thread.string(address)
                    };
                    let (message, file, function) = (text(0)?, text(1)?, text(3)?);
                    let line = value(thread.private, 2);
                    let text = format!("{file}:{line}: {function}: `{message}`");
                    return raise(lane, FaultKind::Assertion(text));
                }
                Function::Allocate => {
                    let bytes = value(thread.private, 1);
                    let number = env.memory.allocate(env.gpu, bytes, None);
                    Some(number.map_or(0, |number| env.memory.allocations[number].base))
                }
                Function::Free => {
                    let address = value(thread.private, 0);
                    if address != 0
                        && let Err(error) = env.memory.free(address)
                    {
                        return raise(lane, FaultKind::Call(error.to_string()));
                    }
                    None
                }
            };
            if let Some(result) = result {
                let Place { offset, bytes } = self.actuals[0];
                private.local.set_value(start + offset as usize, bytes as usize, result.into());
            }
        }
        Ok(Step::Next)
    }
}

/// The lane that calls.
struct Thread<'a, 'b> {
    env: &'a mut Environment<'b>,
    private: &'a mut Private,
    lane: usize,
}

impl Thread<'_, '_> {
    /// Bytes at a generic address.
    fn value(&mut self, address: u64, bytes: usize) -> Result<u64, Raised> {
        let offset = window::offset(address) as usize;
        let within = |size: usize| offset.checked_add(bytes).is_some_and(|end| end <= size);
        let found = match window::space(address) {
            Space::Shared => {
                let place = self.env.cluster.place(self.env.block.rank, offset as u64, bytes as u64).ok();
                place.map(|offset| self.env.cluster.shared.value(offset, bytes))
            }
            Space::Local if within(self.private.local_bytes) => {
                Some(self.private.local.value(self.lane * self.private.local_bytes + offset, bytes))
            }
            Space::Global => {
                let memory = &self.env.memory;
                let place = memory.locate(&mut self.private.recent, address, bytes as u64).ok();
                place.map(|(number, offset)| memory.allocations[number].region.value(offset, bytes))
            }
            _ => None,
        };
        found.map(|value| value as u64).ok_or_else(|| {
            let place = self.env.memory.describe(address);
            let kind = FaultKind::OutOfBounds { access: "read", bytes: bytes as u32, place };
            Raised { kind, lane: Some(self.lane as u32) }
        })
    }

    /// The string at a generic address.
    fn string(&mut self, address: u64) -> Result<String, Raised> {
        let mut bytes = Vec::new();
        while bytes.len() < LONGEST {
            match self.value(address + bytes.len() as u64, 1)? {
                0 => break,
                byte => bytes.push(byte as u8),
            }
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Prints what the format makes of the values at `values`; returns how many they were.
    fn print(&mut self, format: u64, values: u64) -> Result<u64, Raised> {
        let format = self.string(format)?;
        let mut arguments = Arguments { thread: self, at: values, count: 0 };
        let mut text = String::new();
        let mut rest = format.as_str();
        while let Some((verbatim, tail)) = rest.split_once('%') {
            text += verbatim;
            let Some(end) = tail.find(|c: char| c.is_ascii_alphabetic() && !"hljztL".contains(c) || c == '%')
            else {
                text.push('%');
                rest = tail;
                continue;
            };
            let (specification, after) = tail.split_at(end + 1);
            text += &arguments.format(specification)?;
            rest = after;
        }
        text += rest;
        let count = arguments.count;
        let room = MOST_PRINTED.saturating_sub(self.env.printed.len());
        let fits = (0..=text.len().min(room)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        self.env.printed.push_str(&text[..fits]);
        Ok(count)
    }
}

/// The values that a `printf` was given, each aligned to its size.
struct Arguments<'a, 'b, 'c> {
    thread: &'a mut Thread<'b, 'c>,
    at: u64,
    count: u64,
}

impl Arguments<'_, '_, '_> {
    fn next(&mut self, bytes: u64) -> Result<u64, Raised> {
        let at = self.at.next_multiple_of(bytes);
        self.at = at + bytes;
        self.count += 1;
        self.thread.value(at, bytes as usize)
    }

    /// A conversion whose widths and precisions that are `*` are the arguments that they stand for.
    /// A negative width aligns to the left, a negative precision is none.
    fn written_out(&mut self, specification: &str) -> Result<String, Raised> {
        let mut text = String::new();
        for c in specification.chars() {
            if c != '*' {
                text.push(c);
                continue;
            }
            let number = (self.next(4)? as i32).clamp(-(WIDEST as i32), WIDEST as i32);
            let is_precision = text.ends_with('.');
            if number >= 0 {
                text += &number.to_string();
            } else if is_precision {
                text.pop();
            } else {
                text += &format!("-{}", number.unsigned_abs());
            }
        }
        Ok(text)
    }

    /// One conversion, without its `%`. What the format language does not have is printed as it
    /// stands.
    fn format(&mut self, specification: &str) -> Result<String, Raised> {
        let conversion = specification.chars().last().unwrap_or('%');
        if conversion == '%' {
            return Ok("%".to_owned());
        }
        let specification = &self.written_out(specification)?;
        let verbatim = format!("%{specification}");
        let numbers = specification.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
        if numbers.map(|digits| digits.parse::<usize>()).any(|number| number.map_or(true, |n| n > WIDEST)) {
            return Ok(verbatim);
        }
        let mut values: Vec<Box<dyn Printf>> = Vec::new();
        let wide = ["l", "j", "z", "t"].iter().any(|length| specification.contains(length));
        let bytes = if wide { 8 } else { 4 };
        match conversion {
            'd' | 'i' if wide => values.push(Box::new(self.next(bytes)? as i64)),
            'd' | 'i' => values.push(Box::new(self.next(bytes)? as i32)),
            'u' | 'x' | 'X' | 'o' if wide => values.push(Box::new(self.next(bytes)?)),
            'u' | 'x' | 'X' | 'o' => values.push(Box::new(self.next(bytes)? as u32)),
            'c' => values.push(Box::new(char::from(self.next(4)? as u8))),
            'g' | 'G' => {
                let value = f64::from_bits(self.next(8)?);
                let (text, rounded) = general(specification, value);
                return Ok(vsprintf(&text, &[&rounded]).unwrap_or(verbatim));
            }
            'f' | 'F' | 'e' | 'E' => values.push(Box::new(f64::from_bits(self.next(8)?))),
            's' => {
                let address = self.next(8)?;
                let text = if address == 0 { "(null)".to_owned() } else { self.thread.string(address)? };
                values.push(Box::new(text));
            }
            'p' => return Ok(format!("{:#x}", self.next(8)?)),
            _ => return Ok(verbatim),
        }
        let values: Vec<&dyn Printf> = values.iter().map(|value| &**value).collect();
        Ok(vsprintf(&verbatim, &values).unwrap_or(verbatim))
    }
}

/// `%g` as the conversion that C says it stands for: `%e` or `%f` with as many digits as are left
/// without trailing zeros (C11 section 7.21.6.1), and the value with no more digits than that.
/// `specification` has no `*` and no `%`.
fn general(specification: &str, value: f64) -> (String, f64) {
    let (body, style) = specification.split_at(specification.len() - 1);
    let body = body.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let (width, precision) =
        body.split_once('.').map_or((body, None), |(width, digits)| (width, Some(digits)));
    let precision = precision.map_or(6, |digits| digits.parse().unwrap_or(0)).max(1);
    let (exponent_style, fixed_style) = if style == "G" { ('E', 'F') } else { ('e', 'f') };
    let written = format!("{value:.*e}", precision - 1);
    let Some((mantissa, exponent)) = written.split_once('e') else {
        return (format!("%{width}{fixed_style}"), value);
    };
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = mantissa.trim_start_matches('-').replace('.', "");
    let kept = if width.contains('#') { digits.len() } else { digits.trim_end_matches('0').len().max(1) };
    let text = if exponent < -4 || exponent >= precision as i64 {
        format!("%{width}.{}{exponent_style}", kept - 1)
    } else {
        format!("%{width}.{}{fixed_style}", (kept as i64 - 1 - exponent).max(0))
    };
    (text, written.parse().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What glibc prints.
    #[test]
    fn general_numbers_are_printed_as_by_c() {
        for (specification, value, expected) in [
            ("g", 1e-5, "1e-05"),
            ("g", 1.5e-4, "0.00015"),
            ("g", 0.0, "0"),
            ("g", 100_000.0, "100000"),
            ("g", 1_234_567.0, "1.23457e+06"),
            ("g", 999_999.5, "1e+06"),
            ("G", 1e-10, "1E-10"),
            ("8g", 1e-5, "   1e-05"),
            ("-8.3g|", 2.5, "2.5     |"),
            ("+.2g", 0.000_099_6, "+0.0001"),
            ("#g", 1.0, "1.00000"),
            ("08g", -1.25, "-0001.25"),
            (".0g", 7.9, "8"),
            ("g", -12_345.678, "-12345.7"),
        ] {
            let (conversion, tail) = specification
                .split_once('|')
                .map_or((specification, ""), |(conversion, _)| (conversion, "|"));
            let (text, rounded) = general(conversion, value);
            let printed = vsprintf(&text, &[&rounded]).expect("a conversion");
            assert_eq!(printed + tail, expected, "%{specification} of {value}");
        }
    }
}
