//! Video instructions (PTX ISA sections 9.7.17 and 9.7.18), without masks, and with selectors of
//! bytes and halves for words only, which are part of a register's name: `%r1.b2`.

use super::Row;

pub(super) static ROWS: &[Row] = &[
    Row::new("vadd.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=d, a:a, b:b", (2, 0), 20),
    Row::new(
        "vadd.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat}.add|.min|.max d=d, a:a, b:b, c:d",
        (2, 0),
        20,
    ),
    Row::new("vsub.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=d, a:a, b:b", (2, 0), 20),
    Row::new(
        "vsub.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat}.add|.min|.max d=d, a:a, b:b, c:d",
        (2, 0),
        20,
    ),
    Row::new("vabsdiff.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=d, a:a, b:b", (2, 0), 20),
    Row::new(
        "vabsdiff.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat}.add|.min|.max d=d, a:a, b:b, c:d",
        (2, 0),
        20,
    ),
    Row::new("vmin.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=d, a:a, b:b", (2, 0), 20),
    Row::new(
        "vmin.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat}.add|.min|.max d=d, a:a, b:b, c:d",
        (2, 0),
        20,
    ),
    Row::new("vmax.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=d, a:a, b:b", (2, 0), 20),
    Row::new(
        "vmax.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat}.add|.min|.max d=d, a:a, b:b, c:d",
        (2, 0),
        20,
    ),
    Row::new(
        "vadd2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vadd2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vsub2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vsub2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vavrg2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vavrg2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vabsdiff2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vabsdiff2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vmin2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vmin2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vmax2.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vmax2.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vadd4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vadd4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vsub4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vsub4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vavrg4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vavrg4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vabsdiff4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vabsdiff4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new(
        "vmin4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vmin4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
    Row::new(
        "vmax4.<d:integer_32>.<a:integer_32>.<b:integer_32>{.sat} d=b32, a:b32, b:b32, c:b32",
        (3, 0),
        30,
    ),
    Row::new("vmax4.<d:integer_32>.<a:integer_32>.<b:integer_32>.add d=b32, a:b32, b:b32, c:b32", (3, 0), 30),
];
