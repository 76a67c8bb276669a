//! Device code at run time: the IR that `#[device]` leaves in the program, and its just-in-time specialisation.

use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::{borrow::Cow, collections::HashMap};

use crossdock_codegen::{Error, back, text};

use crate::launch::{Arguments, KernelImage};

/// The IR of one `#[device]` module, as its `__device::MODULE` constant.
#[derive(Debug)]
pub struct DeviceModule {
    /// The IR text.
    pub ir: &'static str,
    /// The device modules that this one imports from.
    pub imports: &'static [&'static DeviceModule],
}

impl DeviceModule {
    /// This module and everything it imports, each once, parsed and linked. Parsed programs are kept.
    ///
    /// # Errors
    /// When the IR text does not belong to this version of the compiler.
    pub fn link(&'static self) -> Result<Arc<back::Program>, Error> {
        static LINKED: LazyLock<Mutex<HashMap<usize, Arc<back::Program>>>> = LazyLock::new(Mutex::default);
        let key = std::ptr::from_ref(self).addr();
        let mut linked = LINKED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = linked.get(&key) {
            return Ok(Arc::clone(program));
        }
        let mut texts = Vec::new();
        self.collect(&mut texts);
        let modules = texts.into_iter().map(text::parse).collect::<Result<_, _>>()?;
        let program = Arc::new(back::link(modules)?);
        linked.insert(key, Arc::clone(&program));
        Ok(program)
    }

    fn collect(&self, texts: &mut Vec<&'static str>) {
        if !texts.contains(&self.ir) {
            texts.push(self.ir);
            for import in self.imports {
                import.collect(texts);
            }
        }
    }

    /// Specialises the kernel whose argument struct is `A` for these const parameters and every supported GPU.
    ///
    /// # Errors
    /// When a parameter is missing or unknown, or violates a relation that the kernel states.
    pub fn specialise<A: Arguments>(
        &'static self,
        parameters: &[(&str, i128)],
    ) -> Result<KernelImage<A>, Error> {
        self.specialise_for(parameters, back::Options::default())
    }

    /// The same for one target.
    ///
    /// # Errors
    /// As for [`DeviceModule::specialise`], and when the kernel uses an instruction that the target does not have.
    pub fn specialise_for<A: Arguments>(
        &'static self,
        parameters: &[(&str, i128)],
        options: back::Options,
    ) -> Result<KernelImage<A>, Error> {
        let kernel = back::specialise(&*self.link()?, A::KERNEL, parameters, &options)?;
        Ok(KernelImage {
            ptx: Cow::Owned(kernel.ptx.to_string()),
            block_threads: kernel.block_threads,
            shared_bytes: u32::try_from(kernel.shared_bytes).unwrap_or(u32::MAX),
            arguments: PhantomData,
        })
    }
}
