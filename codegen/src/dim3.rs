//! Sizes in up to three dimensions: of a block in threads, of a grid or cluster in blocks.

use std::fmt;
use std::str::FromStr;

/// Sizes in `x`, `y` and `z`; a dimension that is not stated is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dim3 {
    /// Along x, which varies fastest.
    pub x: u32,
    /// Along y.
    pub y: u32,
    /// Along z.
    pub z: u32,
}

impl Dim3 {
    /// One of everything.
    pub const ONE: Dim3 = Dim3::new(1, 1, 1);

    /// These sizes.
    pub const fn new(x: u32, y: u32, z: u32) -> Dim3 {
        Dim3 { x, y, z }
    }

    /// The sizes along x, y and z.
    pub const fn extents(self) -> [u32; 3] {
        [self.x, self.y, self.z]
    }

    /// How many there are in all; `u64::MAX` where that is more.
    pub fn count(self) -> u64 {
        self.extents().iter().fold(1, |count, &extent| u64::saturating_mul(count, extent.into()))
    }

    /// The dimensions that are in use: up to the last that is not 1, and one at least.
    pub fn dimensions(self) -> u32 {
        if self.z != 1 { 3 } else { 1 + u32::from(self.y != 1) }
    }
}

impl From<[u32; 3]> for Dim3 {
    fn from([x, y, z]: [u32; 3]) -> Dim3 {
        Dim3::new(x, y, z)
    }
}

impl From<u32> for Dim3 {
    fn from(x: u32) -> Dim3 {
        Dim3::new(x, 1, 1)
    }
}

impl From<(u32, u32)> for Dim3 {
    fn from((x, y): (u32, u32)) -> Dim3 {
        Dim3::new(x, y, 1)
    }
}

impl From<(u32, u32, u32)> for Dim3 {
    fn from((x, y, z): (u32, u32, u32)) -> Dim3 {
        Dim3::new(x, y, z)
    }
}

/// `4`, `4x2` or `4x2x3`: as many sizes as [dimensions](Dim3::dimensions) are in use.
impl fmt::Display for Dim3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, rest @ ..] = self.extents();
        write!(f, "{x}")?;
        rest.iter().take(self.dimensions() as usize - 1).try_for_each(|extent| write!(f, "x{extent}"))
    }
}

impl FromStr for Dim3 {
    type Err = String;

    /// Reads `4`, `4x2` or `4x2x3`.
    fn from_str(text: &str) -> Result<Dim3, String> {
        let mut extents = [1; 3];
        let parts: Vec<&str> = text.split('x').collect();
        if parts.len() > extents.len() {
            return Err(format!("`{text}` has more than three dimensions: write X, XxY or XxYxZ"));
        }
        for (extent, part) in extents.iter_mut().zip(parts) {
            let number = part.parse().ok().filter(|&number| number > 0);
            *extent = number.ok_or_else(|| {
                format!("`{part}` is not a number from 1 to {}: write X, XxY or XxYxZ", u32::MAX)
            })?;
        }
        Ok(extents.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_they_are_printed() {
        for (text, sizes) in
            [("7", [7, 1, 1]), ("32x4", [32, 4, 1]), ("2x1x4", [2, 1, 4]), ("1x1x2", [1, 1, 2])]
        {
            assert_eq!(text.parse(), Ok(Dim3::from(sizes)));
            assert_eq!(Dim3::from(sizes).to_string(), text);
        }
        assert_eq!("4x1x1".parse(), Ok(Dim3::from(4)));
        for (text, sentence) in [
            ("0", "`0` is not a number from 1 to 4294967295: write X, XxY or XxYxZ"),
            ("2,2", "`2,2` is not a number from 1 to 4294967295: write X, XxY or XxYxZ"),
            ("2x", "`` is not a number from 1 to 4294967295: write X, XxY or XxYxZ"),
            ("1x2x3x4", "`1x2x3x4` has more than three dimensions: write X, XxY or XxYxZ"),
        ] {
            assert_eq!(text.parse::<Dim3>(), Err(sentence.to_string()));
        }
    }

    #[test]
    fn counts_do_not_overflow() {
        assert_eq!(Dim3::new(u32::MAX, u32::MAX, 4).count(), u64::MAX);
        assert_eq!(Dim3::new(65536, 65536, 2).count(), 1 << 33);
    }
}
