//! The kernels of a dock, as its rank has loaded them.

use crossdock_device::KernelSet;

use crate::Result;
use crate::gpu::kernel::Kernel;
use crate::gpu::rank::Rank;

macro_rules! loaded {
    ($(#[$of_set:meta])* $set:ident $model:tt $named:ident $by:tt {
        $($(#[$of_kernel:meta])* $name:ident($arguments:ident): $($parameter:ident),*;)+
    }) => {
        /// Every kernel of the set, as the rank has loaded it.
        #[derive(Debug)]
        pub(crate) struct Loaded {
            $(pub(crate) $name: Kernel<crossdock_device::kernels::$name::code::$arguments>,)+
        }

        impl Loaded {
            pub(crate) fn new(rank: &Rank, set: &$set) -> Result<Loaded> {
                Ok(Loaded { $($name: rank.kernel(&set.$name)?),+ })
            }
        }
    };
}

crossdock_device::__kernels!(KernelSet => [loaded]);
