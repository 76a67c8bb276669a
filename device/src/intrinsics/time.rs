//! Clocks, sleeping and giving up.

use super::on_host;

/// Nanoseconds of a clock that all blocks of the GPU share: `%globaltimer`. PTX ISA section 10.
pub fn global_timer() -> u64 {
    on_host("global_timer")
}

/// Sleeps for roughly that long, at most twice: `nanosleep.u32`. PTX ISA section 9.7.19.
pub fn nanosleep(_nanoseconds: u32) {
    on_host("nanosleep")
}

/// Ends the whole launch with an error: `trap`. PTX ISA section 9.7.19.
pub fn trap() -> ! {
    on_host("trap")
}
