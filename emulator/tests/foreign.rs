//! What other compilers and people write that our own code generator does not: aliases, attributes,
//! addresses of parameters, vectors of one element, matrices of 16-bit elements.

use crate::harness::{module, run, words, zeroed};
use crossdock_emulator::{Argument, Config, Machine};

fn execute(text: &str, block: u32, count: usize) -> Vec<u32> {
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let out = zeroed(&mut machine, 0, 4096);
    run(&mut machine, text, 1, block, vec![Argument::U64(out)])
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    words(&mut machine, out, count)
}

#[test]
fn an_alias_is_another_name_of_a_function() {
    let text = ".version 8.6\n.target sm_90\n.address_size 64\n.pragma \"nounroll\";\n\
        .visible .func (.param .b32 result) twice(.param .b32 x)\n{\n.reg .b32 %r<3>;\nld.param.b32 %r1, [x];\n\
        add.u32 %r2, %r1, %r1;\nst.param.b32 [result], %r2;\nret;\n}\n\
        .weak .func (.param .b32 result) again(.param .b32 x);\n.alias again, twice;\n\
        .common .global .align 4 .u32 counter;\n.global .attribute(.managed) .align 4 .u32 shared_by_all = 5;\n\
        .visible .entry main(.param .u64 out)\n{\n.reg .b32 %r<4>;\n.reg .b64 %rd<2>;\n\
        ld.param.u64 %rd1, [out];\n{\n.param .b32 a;\n.param .b32 b;\nst.param.b32 [a], 21;\n\
        call.uni (b), again, (a);\nld.param.b32 %r1, [b];\n}\n\
        ld.global.u32 %r2, [counter];\nld.global.u32 %r3, [shared_by_all];\nst.global.u32 [%rd1], {%r1};\n\
        st.global.v2.u32 [%rd1+8], {%r2, %r3};\nret;\n}\n\0";
    assert_eq!(execute(text, 1, 4), [42, 0, 0, 5]);
}

#[test]
fn an_alias_of_nothing_is_refused() {
    let text = ".version 8.6\n.target sm_90\n.address_size 64\n.alias again, twice;\n";
    let error = Machine::new(Config::default()).expect("configuration").load(text).expect_err("refused");
    assert!(error.to_string().contains("`.alias again` names `twice`, which is no function"), "{error}");
}

/// Parameters of functions are reached through registers, in inlined functions, in recursive ones
/// and in kernels.
#[test]
fn parameters_have_addresses() {
    let text = ".version 8.6\n.target sm_90\n.address_size 64\n\
        .func (.param .align 4 .b8 result[8]) swap(.param .align 4 .b8 pair[8], .param .b32 times)\n{\n\
        .reg .b32 %r<6>;\n.reg .b64 %rd<4>;\n.reg .pred %p;\nmov.b64 %rd1, pair;\nadd.s64 %rd2, %rd1, 4;\n\
        ld.param.b32 %r1, [%rd1];\nld.param.b32 %r2, [%rd2];\nld.param.b32 %r3, [times];\n\
        setp.eq.u32 %p, %r3, 0;\n@%p bra $done;\nsub.u32 %r3, %r3, 1;\n\
        {\n.param .align 4 .b8 a[8];\n.param .b32 n;\n.param .align 4 .b8 r[8];\nst.param.b32 [a], %r2;\n\
        st.param.b32 [a+4], %r1;\nst.param.b32 [n], %r3;\ncall.uni (r), swap, (a, n);\n\
        ld.param.b32 %r1, [r];\nld.param.b32 %r2, [r+4];\n}\n$done:\nmov.b64 %rd3, result;\n\
        st.param.b32 [%rd3], %r1;\nst.param.b32 [%rd3+4], %r2;\nret;\n}\n\
        .visible .entry main(.param .u64 out)\n{\n.reg .b32 %r<4>;\n.reg .b64 %rd<4>;\n\
        mov.b64 %rd2, out;\ncvta.param.u64 %rd3, %rd2;\nld.u64 %rd1, [%rd3];\n\
        {\n.param .align 4 .b8 a[8];\n.param .b32 n;\n.param .align 4 .b8 r[8];\nst.param.b32 [a], 7;\n\
        st.param.b32 [a+4], 8;\nst.param.b32 [n], 3;\ncall.uni (r), swap, (a, n);\n\
        ld.param.b32 %r1, [r];\nld.param.b32 %r2, [r+4];\n}\n\
        st.global.v2.b32 [%rd1], {%r1, %r2};\nret;\n}\n";
    assert_eq!(execute(text, 32, 2), [8, 7]);
    let flat = text.replace("setp.eq.u32 %p, %r3, 0;", "setp.eq.u32 %p, %r3, %r3;");
    let start = flat.find("@%p bra $done;").expect("the branch");
    let end = flat.find("$done:").expect("the label");
    let flat = format!("{}{}", &flat[..start], &flat[end..]);
    assert_eq!(execute(&flat, 32, 2), [7, 8]);
}

/// A 16 by 16 tile of halves as `ldmatrix` deals it out: element `(row, column)` is
/// `16 row + column`.
fn fragments(instruction: &str, transposed: bool) {
    let body = format!(
        "ld.param.u64 %rd1, [out];\n.shared .align 16 .b8 tile[512];\nmov.u32 %r1, %tid.x;\nmov.u32 %r2, tile;\n\
         mad.lo.u32 %r3, %r1, 16, %r2;\nmov.u32 %r4, 0;\n\
         $fill:\nmad.lo.u32 %r5, %r1, 8, %r4;\nadd.u32 %r6, %r5, 1;\nshl.b32 %r6, %r6, 16;\nor.b32 %r5, %r5, %r6;\n\
         mad.lo.u32 %r7, %r4, 2, %r3;\nst.shared.b32 [%r7], %r5;\nadd.u32 %r4, %r4, 2;\nsetp.lt.u32 %p, %r4, 8;\n\
         @%p bra $fill;\nbar.sync 0;\n\
         and.b32 %r8, %r1, 15;\nshr.u32 %r9, %r1, 4;\nmad.lo.u32 %r10, %r8, 32, %r2;\nmad.lo.u32 %r10, %r9, 16, %r10;\n\
         {instruction} {{%r11, %r12, %r13, %r14}}, [%r10];\n\
         mul.wide.u32 %rd2, %r1, 16;\nadd.u64 %rd2, %rd2, %rd1;\n\
         st.global.v4.b32 [%rd2], {{%r11, %r12, %r13, %r14}};"
    );
    let found = execute(&module(".param .u64 out", &body), 32, 128);
    for (at, word) in found.into_iter().enumerate() {
        let (lane, matrix) = (at / 4, at % 4);
        // Matrices 0 and 1 are above each other, 2 and 3 to their right.
        let (top, left) = (matrix % 2 * 8, matrix / 2 * 8);
        let element = |second: usize| {
            let (row, column) = (lane / 4, lane % 4 * 2 + second);
            let (row, column) = if transposed { (column, row) } else { (row, column) };
            ((top + row) * 16 + left + column) as u32
        };
        assert_eq!(word, element(1) << 16 | element(0), "lane {lane}, matrix {matrix}");
    }
}

#[test]
fn matrices_are_dealt_out() {
    fragments("ldmatrix.sync.aligned.m8n8.x4.shared.b16", false);
    fragments("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16", true);
}

/// What `stmatrix` writes, `ldmatrix` reads; `movmatrix` transposes.
#[test]
fn matrices_are_stored_and_transposed() {
    for trans in ["", ".trans"] {
        let body = format!(
            "ld.param.u64 %rd1, [out];\n.shared .align 16 .b8 tile[256];\nmov.u32 %r1, %tid.x;\nmov.u32 %r2, tile;\n\
             and.b32 %r3, %r1, 15;\nmad.lo.u32 %r3, %r3, 16, %r2;\nmul.lo.u32 %r4, %r1, 131074;\nadd.u32 %r4, %r4, 65536;\n\
             add.u32 %r5, %r4, 0x01000100;\n\
             stmatrix.sync.aligned.m8n8.x2{trans}.shared.b16 [%r3], {{%r4, %r5}};\nbar.sync 0;\n\
             ldmatrix.sync.aligned.m8n8.x2{trans}.shared.b16 {{%r6, %r7}}, [%r3];\n\
             ldmatrix.sync.aligned.m8n8.x1{other}.shared.b16 {{%r8}}, [%r3];\n\
             movmatrix.sync.aligned.m8n8.trans.b16 %r9, %r4;\n\
             mul.wide.u32 %rd2, %r1, 16;\nadd.u64 %rd2, %rd2, %rd1;\nst.global.v4.b32 [%rd2], {{%r6, %r7, %r8, %r9}};",
            other = if trans.is_empty() { ".trans" } else { "" },
        );
        let found = execute(&module(".param .u64 out", &body), 32, 128);
        for (lane, words) in found.chunks(4).enumerate() {
            let own = ((2 * lane as u32 + 1) << 16) | (2 * lane as u32);
            // Element (row, column) is 8 row + column.
            let across = |second: usize| ((lane % 4 * 2 + second) * 8 + lane / 4) as u32;
            let transposed = across(1) << 16 | across(0);
            assert_eq!(words, [own, own + 0x0100_0100, transposed, transposed], "lane {lane}{trans}");
        }
    }
}

/// Cooperative groups clear bits of a word that only the system can have initialised.
#[test]
fn reserved_shared_memory_begins_as_zeros() {
    let body = "mov.u32 %r1, %reserved_smem_offset_1; mov.u32 %r2, %tid.x; cvt.u64.u32 %rd1, %r1; cvta.shared.u64 %rd2, %rd1;
        red.and.release.cta.b32 [%rd2], -2; bar.sync 0; ld.param.u64 %rd3, [out]; mad.wide.u32 %rd3, %r2, 4, %rd3;
        ld.shared.u32 %r3, [%r1+512]; add.u32 %r3, %r3, 7; st.global.u32 [%rd3], %r3;";
    assert_eq!(execute(&module(".param .u64 out", body), 64, 64), [7; 64]);
}

/// The loop that CUDA's programming guide writes begins with a load that races with other threads'
/// swaps.
#[test]
fn a_swap_loop_that_begins_with_a_weak_load_is_told_how_to_load() {
    let body = |load: &str| {
        format!(
            "ld.param.u64 %rd1, [out]; {load}.global.u32 %r1, [%rd1];
             AGAIN: mov.b32 %r2, %r1; add.u32 %r3, %r2, 1; atom.global.cas.b32 %r1, [%rd1], %r2, %r3;
             setp.ne.u32 %p, %r1, %r2; @%p bra AGAIN;"
        )
    };
    let mut machine = Machine::new(Config::default()).expect("configuration");
    let out = zeroed(&mut machine, 0, 64);
    let weak = module(".param .u64 out", &body("ld"));
    let error = run(&mut machine, &weak, 1, 32, vec![Argument::U64(out)]).expect_err("a race").to_string();
    assert!(error.contains("no race if `.relaxed.gpu` were in `ld.global.u32"), "{error}");
    assert_eq!(execute(&module(".param .u64 out", &body("ld.relaxed.gpu")), 32, 1), [32]);
}
