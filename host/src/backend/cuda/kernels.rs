//! The kernels of one rank, and their launches.

use std::ffi::{CString, c_void};

use crossdock_device::launch::{Argument, Dim3};
use cudarc::driver::sys::{
    self, CUdevice_attribute_enum as Attribute, CUevent_flags,
    CUfunction_attribute_enum as FunctionAttribute, CUlaunchAttributeID_enum as AttributeName,
};
use cudarc::driver::{DriverError, result};

use super::member::Member;
use super::state::{Kernel, Module, Timed};
use super::{driver, jit};
use crate::backend::{KernelHandle, Launch, LaunchOptions, Launches, Ticket};
use crate::report::LaunchReport;
use crate::{Error, Result};

impl Launches for Member {
    /// Compiles what was not compiled before, looks the entry up, and puts it onto the GPU, which
    /// must not happen at its first launch: a peer's kernel that waits for this one would hold it
    /// up.
    fn load(&self, ptx: &str, name: &str) -> Result<KernelHandle> {
        self.enter()?;
        let mut state = self.state();
        let module = match state.modules.get(ptx) {
            Some(&module) => module,
            None => {
                let compiled = jit::compile(ptx).map_err(|(error, log)| {
                    let log = if log.trim().is_empty() { driver::reason(error) } else { log };
                    Error::Compile { rank: self.rank(), kernel: name.to_owned(), log }
                })?;
                state.modules.insert(ptx.to_owned(), Module(compiled));
                Module(compiled)
            }
        };
        let symbol =
            CString::new(name).map_err(|_| self.unknown(format!("{name:?} is not a kernel's name")))?;
        // SAFETY: the module is loaded.
        let function = unsafe { result::module::get_function(module.0, symbol) }
            .map_err(self.failed("looking a kernel up"))?;
        // With lazy loading (the driver's default), code may move to the GPU as late as the first
        // launch. SAFETY: the function is one of a loaded module.
        unsafe { sys::cuFuncLoad(function) }
            .result()
            .map_err(self.failed("putting a kernel onto the GPU"))?;
        state.kernels.push(Kernel { name: name.to_owned(), function, dynamic_shared: 0 });
        Ok(KernelHandle(state.kernels.len() - 1))
    }

    fn launch(&self, launch: Launch) -> Result<Ticket> {
        self.enter()?;
        let mut state = self.state();
        let kernel = state
            .kernels
            .get_mut(launch.kernel.0)
            .ok_or_else(|| self.unknown("the kernel was loaded for another rank".to_owned()))?;
        if launch.options.dynamic_shared > kernel.dynamic_shared {
            permit(kernel.function, launch.options.dynamic_shared)
                .map_err(self.failed("asking for dynamic shared memory"))?;
            kernel.dynamic_shared = launch.options.dynamic_shared;
        }
        let kernel = kernel.clone();
        let stream = self.stream_of(launch.stream)?;
        // Events of a capture are no moments in time.
        let timed = launch.reported && !self.is_capturing();
        let event = || {
            let event = timed.then(|| stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT)));
            event.transpose().map_err(self.failed("recording an event"))
        };
        let mut arguments = launch.arguments;
        let mut pointers: Vec<*mut c_void> = arguments.iter_mut().map(pointer).collect();
        let start = event()?;
        self.check_options(launch.options)?;
        let mut attributes = launch_attributes(launch.options);
        let config = sys::CUlaunchConfig {
            gridDimX: launch.grid.x,
            gridDimY: launch.grid.y,
            gridDimZ: launch.grid.z,
            blockDimX: launch.block.x,
            blockDimY: launch.block.y,
            blockDimZ: launch.block.z,
            sharedMemBytes: launch.options.dynamic_shared,
            hStream: stream.cu_stream(),
            attrs: attributes.as_mut_ptr(),
            numAttrs: attributes.len() as u32,
        };
        // SAFETY: the driver copies attributes and arguments before it returns; the arguments'
        // types are those that the kernel's own argument struct names.
        unsafe {
            sys::cuLaunchKernelEx(&config, kernel.function, pointers.as_mut_ptr(), std::ptr::null_mut())
        }
        .result()
        .map_err(self.failed("launching a kernel"))?;
        let end = event()?;
        let ticket = state.launched;
        state.launched += 1;
        if let (Some(start), Some(end)) = (start, end) {
            state.launches.insert(ticket, Timed { kernel: kernel.name, start, end });
        }
        Ok(Ticket(ticket))
    }

    fn wait(&self) -> Result<()> {
        self.settle()
    }

    fn forget(&self, ticket: Ticket) {
        self.state().launches.remove(&ticket.0);
    }

    fn take_report(&self, ticket: Ticket) -> Option<LaunchReport> {
        self.enter().ok()?;
        let timed = self.state().launches.remove(&ticket.0)?;
        let seconds = f64::from(timed.start.elapsed_ms(&timed.end).ok()?) / 1e3;
        Some(LaunchReport { kernel: timed.kernel, counters: None, seconds })
    }
}

impl Member {
    /// Refuses what the GPU cannot do.
    fn check_options(&self, options: LaunchOptions) -> Result<()> {
        let has = |attribute, least| {
            let value =
                self.context.attribute(attribute).map_err(self.failed("asking what the GPU can do"))?;
            Ok::<bool, Error>(value >= least)
        };
        let (rank, why) = (self.rank(), "the GPU needs compute capability 9.0 for that");
        if (options.clusters().is_some() || options.overlaps)
            && !has(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, 9)?
        {
            let what = if options.clusters().is_some() {
                "clusters were asked for"
            } else {
                "an overlapping launch was asked for"
            };
            return Err(Error::Unsupported { rank, what, why });
        }
        if options.cooperative && !has(Attribute::CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH, 1)? {
            let (what, why) = ("a cooperative launch was asked for", "the GPU has none");
            return Err(Error::Unsupported { rank, what, why });
        }
        Ok(())
    }
}

/// The options as the driver takes them.
fn launch_attributes(options: LaunchOptions) -> Vec<sys::CUlaunchAttribute> {
    let attribute = |id, value| sys::CUlaunchAttribute { id, pad: [0; 4], value };
    let mut attributes = Vec::new();
    if let Some(Dim3 { x, y, z }) = options.clusters() {
        let dimensions = sys::CUlaunchAttributeValue_union__bindgen_ty_1 { x, y, z };
        let value = sys::CUlaunchAttributeValue_union { clusterDim: dimensions };
        attributes.push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION, value));
    }
    if options.overlaps {
        let value = sys::CUlaunchAttributeValue_union { programmaticStreamSerializationAllowed: 1 };
        attributes
            .push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, value));
    }
    if options.cooperative {
        let value = sys::CUlaunchAttributeValue_union { cooperative: 1 };
        attributes.push(attribute(AttributeName::CU_LAUNCH_ATTRIBUTE_COOPERATIVE, value));
    }
    attributes
}

/// Shared memory that every GPU gives a block without asking (CUDA programming guide, compute
/// capabilities).
const UNASKED_SHARED: u32 = 48 << 10;

/// Lets launches of the kernel have so many bytes of dynamic shared memory. Where that is much,
/// asks for as much of a multiprocessor's memory as shared memory as there can be, so that as many
/// blocks as fit are resident.
fn permit(function: sys::CUfunction, bytes: u32) -> Result<(), DriverError> {
    let set = |attribute, value| {
        // SAFETY: the function is one of a loaded module.
        unsafe { sys::cuFuncSetAttribute(function, attribute, value) }.result()
    };
    set(FunctionAttribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes.cast_signed())?;
    if bytes <= UNASKED_SHARED {
        return Ok(());
    }
    let all = sys::CUshared_carveout_enum::CU_SHAREDMEM_CARVEOUT_MAX_SHARED as i32;
    set(FunctionAttribute::CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, all)
}

/// Where the driver finds an argument.
fn pointer(argument: &mut Argument) -> *mut c_void {
    match argument {
        Argument::U8(value) => (&raw mut *value).cast(),
        Argument::U16(value) => (&raw mut *value).cast(),
        Argument::U32(value) => (&raw mut *value).cast(),
        Argument::U64(value) => (&raw mut *value).cast(),
        Argument::F32(value) => (&raw mut *value).cast(),
        Argument::F64(value) => (&raw mut *value).cast(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_the_attributes_that_they_name() {
        assert!(launch_attributes(LaunchOptions::default().cluster(1)).is_empty());
        let all = launch_attributes(LaunchOptions::default().cluster((2, 1, 3)).overlapping().cooperative());
        let names: Vec<AttributeName> = all.iter().map(|attribute| attribute.id).collect();
        assert_eq!(
            names,
            [
                AttributeName::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION,
                AttributeName::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
                AttributeName::CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
            ]
        );
        // SAFETY: these are the fields that were written.
        let (cluster, flags) = unsafe {
            let [first, second, third] = &all[..] else { panic!("three attributes") };
            let flags = [second.value.programmaticStreamSerializationAllowed, third.value.cooperative];
            (first.value.clusterDim, flags)
        };
        assert_eq!((cluster.x, cluster.y, cluster.z, flags), (2, 1, 3, [1, 1]));
    }
}
