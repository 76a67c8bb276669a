//! The kernels of one shape, specialised at compile time or at run time.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use crossdock_codegen::Error;
use crossdock_codegen::back::Options;

use crate::cache;
use crate::kernels::combine::code as combine;
use crate::kernels::count::code as count;
use crate::kernels::dispatch::code as dispatch;
use crate::kernels::enter::code as enter;
use crate::kernels::gradient::code as gradient;
use crate::kernels::layout::code as layout;
use crate::launch::KernelImage;
use crate::shape::Shape;

/// The kernels of throughput mode for one [`Shape`].
#[derive(Clone, Debug)]
pub struct KernelSet {
    /// What they were specialised for.
    pub shape: Shape,
    /// Counting rows and selections.
    pub count: KernelImage<count::CountArguments>,
    /// Positions from counts.
    pub layout: KernelImage<layout::LayoutArguments>,
    /// Rows to their experts' ranks.
    pub dispatch: KernelImage<dispatch::DispatchArguments>,
    /// Outputs back, summed.
    pub combine: KernelImage<combine::CombineArguments>,
    /// The start of a round that reuses positions.
    pub enter: KernelImage<enter::EnterArguments>,
    /// The backward of a weighted combine.
    pub gradient: KernelImage<gradient::GradientArguments>,
}

/// A shape that was specialised at compile time by [`kernels!`](crate::kernels!).
pub trait Specialised {
    /// Its kernels.
    fn kernels() -> KernelSet;
}

impl KernelSet {
    /// Specialises the kernels at run time, through the code that [`kernels!`](crate::kernels!) uses at compile time, for
    /// every supported GPU. Sets are kept: the second call with a shape is a look-up.
    ///
    /// # Errors
    /// When the shape violates a relation that a kernel states.
    pub fn jit(shape: Shape) -> Result<Arc<KernelSet>, Error> {
        KernelSet::jit_for(shape, Options::default())
    }

    /// The same for one target.
    ///
    /// # Errors
    /// When the shape violates a relation that a kernel states, or a kernel needs a newer target.
    pub fn jit_for(shape: Shape, options: Options) -> Result<Arc<KernelSet>, Error> {
        static SETS: cache::Specialised<(Shape, Options), KernelSet> =
            cache::Specialised::new(Default::default);
        let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&(shape, options)) {
            return Ok(Arc::clone(set));
        }
        let top_k = ("TOP_K", i128::from(shape.top_k));
        let experts = ("EXPERTS", i128::from(shape.experts));
        let hidden = ("HIDDEN", i128::from(shape.hidden));
        let [format, scales, block] = shape.wire.quantising().map(|(name, value)| (name, i128::from(value)));
        let row_bytes = ("ROW_BYTES", i128::from(shape.row_bytes()));
        let side_words = ("SIDE_WORDS", i128::from(shape.side_words()));
        let set = Arc::new(KernelSet {
            shape,
            count: count::__device::MODULE.specialise_for(&[top_k, experts], options)?,
            layout: layout::__device::MODULE.specialise_for(&[top_k, experts], options)?,
            dispatch: dispatch::__device::MODULE
                .specialise_for(&[row_bytes, side_words, top_k, format, scales, block], options)?,
            combine: combine::__device::MODULE.specialise_for(&[hidden, top_k], options)?,
            enter: enter::__device::MODULE.specialise_for(&[], options)?,
            gradient: gradient::__device::MODULE.specialise_for(&[hidden, top_k], options)?,
        });
        sets.insert((shape, options), Arc::clone(&set));
        Ok(set)
    }

    /// The set with other PTX text for the kernel of this name: edited by hand, or a mutant that a test must catch. `None`
    /// if there is no such kernel.
    pub fn with_ptx(&self, name: &str, text: String) -> Option<KernelSet> {
        let mut set = self.clone();
        let ptx = [
            (self.count.name(), &mut set.count.ptx),
            (self.layout.name(), &mut set.layout.ptx),
            (self.dispatch.name(), &mut set.dispatch.ptx),
            (self.combine.name(), &mut set.combine.ptx),
            (self.enter.name(), &mut set.enter.ptx),
            (self.gradient.name(), &mut set.gradient.ptx),
        ];
        let (_, own) = ptx.into_iter().find(|(own, _)| *own == name)?;
        *own = Cow::Owned(text);
        Some(set)
    }

    /// Names and PTX of the kernels: those of a round in the order they run, then the others.
    pub fn ptx(&self) -> [(&'static str, &str); 6] {
        [
            (self.count.name(), &*self.count.ptx),
            (self.layout.name(), &*self.layout.ptx),
            (self.dispatch.name(), &*self.dispatch.ptx),
            (self.combine.name(), &*self.combine.ptx),
            (self.enter.name(), &*self.enter.ptx),
            (self.gradient.name(), &*self.gradient.ptx),
        ]
    }
}
