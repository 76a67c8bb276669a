//! What a round of dispatch and combine must give, bit for bit, in plain loops.
//!
//! This crate is the reference that the kernels are compared with. It shares no code, no layout
//! arithmetic and no number conversion with them, and prefers the obvious loop to the fast one. It
//! works on one whole [`Round`], all ranks at once, and takes valid input for granted: whoever
//! calls it has checked the shapes.
//!
//! The rules, in the order in which they apply:
//!
//! - Expert `e` lives on rank `e / (experts / ranks)`. A token's row goes once to each rank that
//!   holds one of its experts.
//! - A rank's arrived rows are grouped by source rank and inside by token.
//! - A rank's slots, one per selection, are grouped by local expert and inside by source rank,
//!   token and position in top-k.
//! - A partial sum is `bf16(fma(weight, output, sum))` over the row's selections on that rank, in
//!   top-k order, in f32 from +0.
//! - A result is `bf16(sum of the partial sums)`, in f32 from the sum of the biases or +0, ranks in
//!   the order in which the token first names them.

mod arrival;
mod bound;
mod combine;
mod gradient;
mod number;
mod round;
pub mod router;

pub use arrival::{Arrival, Selection, arrivals};
pub use bound::{Bounds, combine_bounds, dispatch_bounds};
pub use combine::{Sums, combine, combine_bf16, values_home};
pub use gradient::gradients;
pub use number::{Element, Float8Rows, Scale, dequantise, quantise, round_to_bf16};
pub use round::{Round, Slots, Source};
