//! Control flow (PTX ISA section 9.7.12) and miscellaneous instructions (9.7.19).

use super::Row;

pub(super) static ROWS: &[Row] = &[
    Row::new("bra{.uni} target:label", (1, 0), 10),
    Row::new("brx.idx{.uni} index:u32, targets:targets", (6, 0), 30),
    Row::new("call{.uni} {results:list, }function:function{, arguments:list}", (1, 0), 10),
    Row::new("call{.uni} {results:list, }pointer:b64{, arguments:list}, prototype:prototype", (2, 1), 20),
    Row::new("ret{.uni}", (1, 0), 10),
    Row::new("exit", (1, 0), 10),
    Row::new("trap", (1, 0), 10),
    Row::new("brkpt", (1, 0), 11),
    Row::new("nanosleep.u32 t:u32", (6, 3), 70),
    Row::new("pmevent event:const", (1, 4), 10),
    Row::new("pmevent.mask mask:const", (3, 0), 20),
    Row::new("setmaxnreg.inc|.dec.sync.aligned.u32 count:const", (8, 0), 90).specific().warp(),
    Row::new("griddepcontrol.launch_dependents|.wait", (7, 8), 90).fences(),
];
