//! Inline PTX is held to the rules of the operations that have names.

use crate::kernels::{refuses, takes};

#[test]
fn warp_operations_name_their_lanes() {
    takes(r#"ptx!("bar.warp.sync -1;");"#);
    takes(r#"let group = match_any(lane()); ptx!("bar.warp.sync {m};", m = in(group));"#);
    takes(r#"let p = lane() < n; let mask = ballot(p); if p { ptx!("bar.warp.sync {m};", m = in(mask)); }"#);
    refuses(
        "\nif lane() == n {\nptx!(\"bar.warp.sync {m};\", m = const(0xffffffffu32)); }",
        3,
        "all lanes of the warp must reach this `bar.warp.sync` together, but the branch on line 2 diverges: the condition \
         differs between lanes because it comes from `lane()` on line 2; move it to where all are, or vouch for the \
         condition with `assume_warp_uniform(..)`",
    );
    refuses(
        "\nptx!(\"redux.sync.add.u32 {d}, 1, {m};\", m = in(n), d = out(u32));",
        2,
        "it is not provable that exactly the lanes of this mask reach `redux.sync.add.u32` with it: use the mask that \
         `match_any` gave, or inside `if p` the mask of `ballot(p)` for the same binding `p`, or vouch for it with \
         `assume_members(mask)`",
    );
}

#[test]
fn block_barriers_need_the_block_or_whole_warps() {
    takes(r#"ptx!("bar.sync 0;");"#);
    takes(r#"if thread_in_block() < 32 { ptx!("bar.sync 1, 32;"); }"#);
    refuses(
        "\nif thread_in_block() < 32 {\nptx!(\"bar.sync 0;\"); }",
        3,
        "all threads of the block must reach this `bar.sync` together, but the branch on line 2 diverges: the condition \
         differs between warps because it comes from `thread_in_block()` on line 2; move it to where all are, or vouch for \
         the condition with `assume_block_uniform(..)`",
    );
    refuses(
        "\nif lane() < n {\nptx!(\"bar.sync 1, 32;\"); }",
        3,
        "all lanes of the warp must reach this `bar.sync` together, but the branch on line 2 diverges: the condition \
         differs between lanes because it comes from `lane()` on line 2; move it to where all are, or vouch for the \
         condition with `assume_warp_uniform(..)`",
    );
}

#[test]
fn results_are_as_uniform_as_their_instructions_make_them() {
    // Computed from what the block shares.
    takes(r#"let d = ptx!("popc.b32 {d}, {n};", n = in(n), d = out(u32)); if d > 3 { block_barrier(); }"#);
    takes(r#"let d = ptx!("mov.u32 {d}, %ctaid.x;", d = out(u32)); if d > 3 { block_barrier(); }"#);
    // A vote of the whole warp.
    takes(
        r#"let p = ptx!("vote.sync.any.pred {p}, {q}, -1;", q = in(lane() < n), p = out(bool)); if p { warp_barrier(); }"#,
    );
    // The first result is of the warp, the second is not.
    let both = r#"let (s, d) = ptx!("redux.sync.add.u32 {s}, {x}, -1; add.u32 {d}, {s}, {x};", x = in(lane()),
        s = out(u32), d = out(u32));"#;
    takes(&format!("{both} if s > 3 {{ warp_barrier(); }} out.write(d);"));
    let from = |name: &str, operation: &str| {
        format!(
            "all lanes of the warp must reach this `warp_barrier` together, but the branch on line 4 diverges: `{name}` \
             differs between lanes because it comes from {operation}; move it to where all are, or vouch for the \
             condition with `assume_warp_uniform(..)`"
        )
    };
    refuses(
        &format!("\n{both}\nif d > 3 {{ warp_barrier(); }} out.write(s);"),
        4,
        &from("d", "`lane()` on line 2"),
    );
    for text in [
        "setp.ne.u32 {p}, %laneid, 0",
        "ld.global.u32 {t}, [{out}]; setp.ne.u32 {p}, {t}, 0",
        "activemask.b32 {t}; setp.ne.u32 {p}, {t}, 0",
    ] {
        let scratch = if text.contains("{t}") { ", t = scratch(u32)" } else { "" };
        let pointer = if text.contains("{out}") { ", out = in(out)" } else { "" };
        let body = format!(
            "\n\nlet p = ptx!(\"{text}\", p = out(bool){scratch}{pointer});\nif p {{ warp_barrier(); }}"
        );
        refuses(&body, 4, &from("p", "inline PTX on line 3"));
    }
    // A guard decides what is written.
    refuses(
        "\n\nlet d = ptx!(\"@{p} mov.u32 {d}, 1;\", p = in(lane() < n), d = inout(0u32));\nif d > 0 { warp_barrier(); }",
        4,
        &from("d", "`lane()` on line 3"),
    );
}
