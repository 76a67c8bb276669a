//! Simulated experts: cheap, deterministic, and different enough from each other for a wrong one to
//! show.

use std::fmt;

use crossdock_device::Shape;
use crossdock_oracle::Arrival;
use half::bf16;

/// The most experts of which each has a factor of its own.
pub const MOST_EXPERTS: u32 = 4096;

/// What the simulated experts do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expert {
    /// Every expert returns its input.
    Identity,
    /// Each multiplies by a factor of its own, so that a wrong expert shows.
    #[default]
    Scaled,
    /// Expert `e` multiplies by one of 17 factors and turns its row by `e` elements, so that a
    /// wrong element shows too.
    Turned,
}

/// The word that flags and reports use.
impl fmt::Display for Expert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expert::Identity => "identity",
            Expert::Scaled => "scaled",
            Expert::Turned => "turned",
        })
    }
}

impl Expert {
    /// What expert number `expert` makes of a row.
    pub fn compute(self, expert: usize, input: &[bf16], output: &mut [bf16]) {
        let factor = match self {
            Expert::Identity => return output.copy_from_slice(input),
            Expert::Scaled => factor(expert),
            Expert::Turned => (expert % 17) as f32 / 4.0 - 2.0,
        };
        let turn = if self == Expert::Turned { expert % input.len() } else { 0 };
        let turned = input[turn..].iter().chain(&input[..turn]);
        for (output, input) in output.iter_mut().zip(turned) {
            *output = bf16::from_f32(input.to_f32() * factor);
        }
    }

    /// What the experts of a rank make of its rows: `[slots, hidden]`, zeros at slots that nobody
    /// takes. `first` is the number of the rank's first expert; `rows` are `[rows, hidden]`, or
    /// `[slots, hidden]` if `at_slots`.
    pub fn outputs(
        self,
        first: usize,
        arrival: &Arrival,
        hidden: usize,
        rows: &[bf16],
        at_slots: bool,
    ) -> Vec<bf16> {
        let mut outputs = vec![bf16::ZERO; arrival.expert_rows.len() * hidden];
        for (local, offsets) in arrival.expert_offsets.windows(2).enumerate() {
            for slot in offsets[0]..offsets[1] {
                let Some(row) = arrival.expert_rows[slot] else { continue };
                let input = &rows[if at_slots { slot } else { row } * hidden..][..hidden];
                self.compute(first + local, input, &mut outputs[slot * hidden..][..hidden]);
            }
        }
        outputs
    }
}

/// What experts compute with when rows are opaque: each byte of row and side record is a number
/// from -128 to 127, as often as it takes to fill `hidden` elements.
pub(crate) fn opaque_rows(rows: &[u8], sides: &[u8], shape: &Shape) -> Vec<bf16> {
    let (row_bytes, side_bytes) = (shape.row_bytes() as usize, shape.side_bytes() as usize);
    let mut values = Vec::with_capacity(rows.len() / row_bytes * shape.hidden as usize);
    for (number, row) in rows.chunks(row_bytes).enumerate() {
        let side = &sides[number * side_bytes..][..side_bytes];
        let bytes = side.iter().chain(row).cycle().take(shape.hidden as usize);
        values.extend(bytes.map(|&byte| bf16::from_f32(f32::from(byte.cast_signed()))));
    }
    values
}

/// A bf16 that no other of [`MOST_EXPERTS`] experts has, of a magnitude near 1, so that no expert
/// drowns in a sum. Every 256 experts share an exponent; within them, the multiplier spreads
/// neighbours over signs and fractions.
fn factor(expert: usize) -> f32 {
    let spread = expert * 165 % 256;
    let sign = if spread < 128 { 1.0 } else { -1.0 };
    let octave = (expert / 256) as i32;
    let exponent = if octave % 2 == 0 { octave / 2 } else { -(octave + 1) / 2 };
    sign * (1.0 + (spread % 128) as f32 / 128.0) * 2f32.powi(exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experts_copy_or_scale_or_turn() {
        let input = [1.0, -2.0].map(bf16::from_f32);
        let output = |kind: Expert, expert| {
            let mut output = [bf16::ZERO; 2];
            kind.compute(expert, &input, &mut output);
            output.map(f32::from)
        };
        assert_eq!(output(Expert::Identity, 8), [1.0, -2.0]);
        assert_eq!(output(Expert::Scaled, 0), [1.0, -2.0]);
        // 165 is 37 above 128, and octave 1 halves.
        assert_eq!(output(Expert::Scaled, 1), [-1.2890625, 2.578125]);
        assert_eq!(output(Expert::Scaled, 257), [-0.64453125, 1.2890625]);
        assert_eq!(output(Expert::Turned, 9), [-0.5, 0.25]);
    }

    #[test]
    fn every_expert_has_its_own_factor_and_bf16_holds_it() {
        let factors: std::collections::BTreeSet<u16> = (0..MOST_EXPERTS as usize)
            .map(|expert| {
                assert_eq!(bf16::from_f32(factor(expert)).to_f32(), factor(expert), "expert {expert}");
                bf16::from_f32(factor(expert)).to_bits()
            })
            .collect();
        assert_eq!(factors.len(), 4096);
    }
}
