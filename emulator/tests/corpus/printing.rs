//! `sources/printing.cu`

use crossdock_emulator::{Error, FaultKind};

use crate::corpus::bench::{arguments, each};

#[test]
fn print_values() {
    each("printing", "print_values", |bench| {
        let x = [17, -300, 65_536];
        let y = [1.5, -2.25, 1e5];
        let (p, q) = (bench.buffer(&x), bench.buffer(&y));
        let (ticket, result) = bench.try_run([1, 1, 1], [32, 1, 1], 0, arguments![p, q, 3]);
        result.expect("nothing is wrong");
        let mut lines: Vec<&str> = bench.printed(ticket).lines().collect();
        lines.sort_unstable();
        let expected = [
            "0:    17|1.50  |positive|a|11|146028888064%",
            "1:  -300|-2.25 |negative|b|fffffed4|-2576980377600%",
            "2: 65536|100000.00|positive|c|10000|562949953421312%",
            "done",
        ];
        assert_eq!(lines, expected);
    });
}

#[test]
fn check_values() {
    each("printing", "check_values", |bench| {
        let mut x = [5; 64];
        let good = bench.buffer(&x);
        bench.run(1, 64, 0, arguments![good]);
        x[40] = -1;
        let bad = bench.buffer(&x);
        let (_, result) = bench.try_run([1, 1, 1], [64, 1, 1], 0, arguments![bad]);
        let Err(Error::Fault(fault)) = result else { panic!("the assertion does not hold") };
        assert_eq!((fault.position.warp, fault.lane), (1, Some(8)));
        let FaultKind::Assertion(text) = &fault.kind else { panic!("{fault}") };
        assert!(text.contains("printing.cu:12: ") && text.contains("values are not negative"), "{text}");
    });
}
