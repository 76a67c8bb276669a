//! The kernels of throughput mode on one node, in the order they run, and the router.
//!
//! 0. [`router`](mod@router): chooses each token's experts from logits, where the caller does not
//!    do so, or [`table_router`](mod@table_router): from a table.
//! 1. [`count`](mod@count): each rank counts its rows per destination rank and its selections per
//!    expert, and publishes the totals.
//! 2. [`layout`](mod@layout): with everybody's totals, each rank computes where each of its rows
//!    will stand at its destination.
//! 3. [`dispatch`](mod@dispatch): each row is written once to each rank that needs it, straight to
//!    its place, and quantised first where the wire asks for that.
//! 4. [`combine`](mod@combine): each rank sums its experts' outputs per row, sends one partial sum
//!    per row home, and adds up its own.
//!
//! [`begin_round`](mod@begin_round) takes the place of `count` and `layout` in a round that repeats
//! the positions of an earlier one, and [`gradient`](mod@gradient) is the backward of a weighted
//! combine. [`give_up`](mod@give_up) follows a round that failed.
//!
//! Positions come from prefix sums and every sum has a fixed order, so results never depend on
//! timing.

pub mod begin_round;
pub mod combine;
pub mod count;
pub mod dispatch;
pub mod give_up;
pub mod gradient;
pub mod layout;
pub mod records;
pub mod router;
pub mod routing;
pub mod rows;
pub mod signal;
pub mod stager;
pub mod table_router;

/// The list of kernels, one row each: its name, which is that of its module here and in the sets,
/// its argument struct, and its const parameters, which
/// [`Shape::parameters`](crate::Shape::parameters) or [`Gate::parameters`](crate::Gate::parameters)
/// gives.
///
/// `__kernels!(SET => [then] ..)` hands the rows of a set to the macro `then`, after what else is
/// given. So sets, `kernels!`, `router!`, what a dock loads and the list of shipped modules follow
/// from the rows.
#[doc(hidden)]
#[macro_export]
macro_rules! __kernels {
    (KernelSet => [$($then:tt)*] $($with:tt)*) => { $($then)*! { $($with)*
        /// The kernels of throughput mode for one [`Shape`].
        KernelSet { SHAPE shape: Shape } Kernels(Specialised::kernels) {
            /// Counts rows and selections.
            count(CountArguments): TOP_K, EXPERTS;
            /// Computes positions from counts.
            layout(LayoutArguments): TOP_K, EXPERTS;
            /// Sends rows to their experts' ranks.
            dispatch(DispatchArguments): ROW_BYTES, SIDE_WORDS, TOP_K, FORMAT, SCALES, BLOCK;
            /// Returns and sums the experts' outputs.
            combine(CombineArguments): HIDDEN, TOP_K;
            /// Begins a round that reuses positions.
            begin_round(BeginRoundArguments):;
            /// Tells peers that the round failed, and looks at their flags.
            give_up(GiveUpArguments):;
            /// Takes the gradients of a weighted combine.
            gradient(GradientArguments): HIDDEN, TOP_K;
        }
    } };
    (RouterKernel => [$($then:tt)*] $($with:tt)*) => { $($then)*! { $($with)*
        /// The router's kernels for one [`Gate`].
        RouterKernel { GATE gate: Gate } Router(SpecialisedRouter::kernel) {
            /// Chooses experts and computes weights.
            router(RouterArguments): EXPERTS, GROUPS, TOP_GROUPS, TOP_K, SCORES, BIASED, NORMALISED, LOGIT_BYTES;
            /// Looks experts up by what token it is, and computes weights.
            table_router(TableRouterArguments): EXPERTS, GROUPS, TOP_K, SCORES, NORMALISED, LOGIT_BYTES;
        }
    } };
}
