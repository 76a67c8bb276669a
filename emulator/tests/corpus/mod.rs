//! Kernels that other compilers made: sources in `sources/`, their PTX in `ptx/`, made by
//! `regenerate`. Every kernel runs on random data of random sizes, as each compiler made it, and
//! must give what the host computes.

mod algorithms;
mod atomics;
mod bench;
mod bits;
mod calls;
mod clusters;
mod elementwise;
mod groups;
mod histogram;
mod libraries;
mod mathematics;
mod numba;
mod pipeline;
mod printing;
mod reduce;
mod rust;
mod scan;
mod small_floats;
mod spaces;
mod triton;
