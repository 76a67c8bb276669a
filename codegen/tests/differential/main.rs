//! Every operator, cast and method on every scalar type: what rustc computes against what the PTX
//! computes, and against what the compiler folds when the operands are constants.
//!
//! What Rust has no operator for is compared with `rustc_apfloat`.
//!
//! Each row of the tables is device code and, where rustc's own test build would panic on overflow,
//! the Rust that says what a release build does. 8-bit operands are tried exhaustively, others at
//! their edges and at random with a fixed seed.

mod casts;
mod execute;
mod float_methods;
mod half_pairs;
mod integer_methods;
mod lengths;
mod number;
// A NaN is neither less nor not less: the negated comparison is what is tried.
#[allow(clippy::neg_cmp_op_on_partial_ord, clippy::nonminimal_bool)]
mod operators;
mod reference;
mod rounded;
mod small_floats;
mod traps;

#[test]
#[should_panic(expected = "PTX computes 8 (0x8), not 9 (0x9)")]
fn a_wrong_result_is_noticed() {
    execute::unary::<u32, u32>("a + 1", |a| if a == 7 { 9 } else { a.wrapping_add(1) });
}
