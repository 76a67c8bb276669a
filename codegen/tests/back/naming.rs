//! Register names: after bindings, never one of PTX's own.

use crate::fixtures::body;

#[test]
fn bindings_named_like_special_registers_and_temporaries_give_way() {
    let lines = body(
        "module a::code;\n#[kernel(warps = 1)] fn k(clock#0: Global<u32>, r1#1: u32, tid#2: u32) {\n\
         let x#3 = (r1#1 + tid#2); write(clock#0, x#3);\n\
         let x#4 = (r1#1 - tid#2); write(clock#0, (x#4 ^ 1u32)); }",
        &[],
    );
    assert!(lines.contains(&"ld.param.u64 %clock_2, [k_param_clock];".to_string()), "{lines:?}");
    assert!(lines.contains(&"add.u32 %x, %r1_2, %tid_2;".to_string()), "{lines:?}");
    assert!(lines.contains(&"sub.u32 %x_2, %r1_2, %tid_2;".to_string()), "{lines:?}");
    assert!(lines.contains(&"xor.b32 %r1, %x_2, 1;".to_string()), "{lines:?}");
}

#[test]
fn what_nobody_reads_is_not_written_down() {
    let lines = body(
        "module a::code;\n#[kernel(warps = 1)] fn k(p#0: Global<u32>, n#1: u32) {\n\
         let a#2 = (n#1 * 3u32); let b#3 = (a#2 + lane()); let c#4 = read(p#0); }",
        &[],
    );
    // Memory is read even so: no phase removes a memory operation.
    let instructions: Vec<&String> = lines.iter().filter(|line| !line.starts_with('.')).collect();
    assert_eq!(instructions, ["ld.param.u64 %p, [k_param_p];", "ld.global.u32 %c, [%p];", "ret;"]);
}

#[test]
fn a_spin_loop_is_one_backward_branch() {
    let lines = body(
        "module a::code;\n#[kernel(warps = 1)] fn k(p#0: Peer<u32>) {\n\
         loop { if (load::<Acquire, System>(p#0) == 0u32) {} else { break; } } }",
        &[],
    );
    let instructions: Vec<&String> = lines.iter().filter(|line| !line.starts_with('.')).collect();
    assert_eq!(
        instructions,
        [
            "ld.param.u64 %p, [k_param_p];",
            "$while_1:",
            "ld.acquire.sys.global.u32 %r1, [%p];",
            "setp.eq.u32 %p1, %r1, 0;",
            "@%p1 bra $while_1;",
            "ret;"
        ]
    );
}
