//! Sets of kernels of one shape or gate, specialised at compile time or at run time. What is in
//! them is said by the list in [`kernels`](crate::kernels).

use std::borrow::Cow;
use std::sync::{Arc, PoisonError};

use crossdock_codegen::Error;
use crossdock_codegen::back::Options;
use crossdock_shape::{ConstParameter, Gate, Shape};

use crate::launch::KernelImage;
use crate::{cache, kernels};

macro_rules! set {
    ($(#[$of_set:meta])* $set:ident { $constant:ident $model:ident: $Model:ident } $named:ident($by:ident::$get:ident) {
        $($(#[$of_kernel:meta])* $name:ident($arguments:ident): $($parameter:ident),*;)+
    }) => {
        $(#[$of_set])*
        #[derive(Clone, Debug)]
        pub struct $set {
            /// What the kernels were specialised for.
            pub $model: $Model,
            $($(#[$of_kernel])* pub $name: KernelImage<kernels::$name::code::$arguments>,)+
        }

        #[doc = concat!("A [`", stringify!($set), "`] that was specialised at compile time.")]
        pub trait $by {
            /// The kernels.
            fn $get() -> $set;
        }

        impl $set {
            const COUNT: usize = [$(stringify!($name)),+].len();

            /// Specialises the kernels at run time, through the code that the macros use at compile
            /// time, for every supported GPU. Sets are kept: the second call with the same argument
            /// is a look-up.
            ///
            /// # Errors
            /// When the argument violates a relation that a kernel states.
            pub fn jit($model: $Model) -> Result<Arc<$set>, Error> {
                $set::jit_for($model, Options::default())
            }

            /// Specialises the kernels at run time for one target.
            ///
            /// # Errors
            /// When the argument violates a relation that a kernel states, or a kernel needs a
            /// newer target.
            pub fn jit_for($model: $Model, options: Options) -> Result<Arc<$set>, Error> {
                static SETS: cache::Specialised<($Model, Options), $set> =
                    cache::Specialised::new(Default::default);
                let mut sets = SETS.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(set) = sets.get(&($model, options)) {
                    return Ok(Arc::clone(set));
                }
                let all = $model.parameters();
                let set = Arc::new($set {
                    $model,
                    $($name: kernels::$name::code::__device::MODULE
                        .specialise_for(&ConstParameter::named(&all, &[$(stringify!($parameter)),*]), options)?,)+
                });
                sets.insert(($model, options), Arc::clone(&set));
                Ok(set)
            }

            /// The set with other PTX text for the kernel of this name: edited by hand, or a mutant
            /// that a test must catch. `None` if there is no such kernel.
            pub fn with_ptx(&self, name: &str, text: String) -> Option<$set> {
                let mut set = self.clone();
                let ptx = match name {
                    $(stringify!($name) => &mut set.$name.ptx,)+
                    _ => return None,
                };
                *ptx = Cow::Owned(text);
                Some(set)
            }

            /// Names and PTX of the kernels: those of a round in the order they run, then the
            /// others.
            pub fn ptx(&self) -> [(&'static str, &str); $set::COUNT] {
                [$((self.$name.name(), &*self.$name.ptx)),+]
            }
        }
    };
}

crate::__kernels!(KernelSet => [set]);
crate::__kernels!(RouterKernel => [set]);

// What shapes and gates pass to kernels as numbers is what the kernels take these numbers for.
const _: () = {
    use crate::kernels::{dispatch::quantise::code as quantise, router::scores::code as scores};
    use crossdock_shape::{ScaleFormat, ScoreFunction};
    assert!(quantise::NEVER == 0 && quantise::EXACT == ScaleFormat::F32 as u32);
    assert!(quantise::POWER_OF_TWO == ScaleFormat::PowerOfTwo as u32);
    assert!(quantise::UE8M0 == ScaleFormat::Ue8m0 as u32);
    assert!(scores::SIGMOID == ScoreFunction::Sigmoid as u32);
    assert!(scores::SOFTMAX == ScoreFunction::Softmax as u32);
    assert!(scores::IDENTITY == ScoreFunction::Identity as u32);
    assert!(scores::SQRT_SOFTPLUS == ScoreFunction::SqrtSoftplus as u32);
    assert!(scores::SOFTMAX_OF_CHOSEN == ScoreFunction::SoftmaxOfChosen as u32);
};
