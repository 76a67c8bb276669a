//! Device code at run time: the IR that `#[device]` leaves in the program, and its just-in-time
//! specialisation.

use std::borrow::Cow;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use crossdock_codegen::{Error, back, text};

use crate::cache::{self, Entry, Key};
use crate::launch::{Arguments, KernelImage};

/// The IR of one `#[device]` module, as its `__device::MODULE` constant.
#[derive(Debug)]
pub struct DeviceModule {
    /// The IR text.
    pub ir: &'static str,
    /// The device modules that this one imports from.
    pub imports: &'static [&'static DeviceModule],
}

/// A module with all that it imports, once it was asked for.
struct Linked {
    texts: Vec<&'static str>,
    digest: [u8; 32],
    program: OnceLock<Result<Arc<back::Program>, Error>>,
}

impl Linked {
    fn program(&self) -> Result<Arc<back::Program>, Error> {
        let link = || {
            let modules = self.texts.iter().map(|text| text::parse(text)).collect::<Result<_, _>>()?;
            back::link(modules).map(Arc::new)
        };
        self.program.get_or_init(link).clone()
    }
}

impl DeviceModule {
    /// This module and everything it imports, each once, parsed and linked. Parsed programs are
    /// kept.
    ///
    /// # Errors
    /// When the IR text does not belong to this version of the compiler.
    pub fn link(&'static self) -> Result<Arc<back::Program>, Error> {
        self.linked().program()
    }

    fn linked(&'static self) -> Arc<Linked> {
        static LINKED: LazyLock<Mutex<HashMap<usize, Arc<Linked>>>> = LazyLock::new(Mutex::default);
        let mut linked = LINKED.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = linked.entry(std::ptr::from_ref(self).addr()).or_insert_with(|| {
            let texts = self.texts();
            let digest = cache::digest(texts.iter().copied());
            Arc::new(Linked { texts, digest, program: OnceLock::new() })
        });
        Arc::clone(entry)
    }

    /// The IR texts of this module and of everything that it imports, each once, this one first.
    pub fn texts(&self) -> Vec<&'static str> {
        let mut texts = Vec::new();
        self.collect(&mut texts);
        texts
    }

    fn collect(&self, texts: &mut Vec<&'static str>) {
        if !texts.contains(&self.ir) {
            texts.push(self.ir);
            for import in self.imports {
                import.collect(texts);
            }
        }
    }

    /// Specialises the kernel whose argument struct is `A` for these const parameters and every
    /// supported GPU. What was specialised before is looked up; see [`cache`](crate::cache).
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
    /// As for [`DeviceModule::specialise`], and when the kernel uses an instruction that the target
    /// does not have.
    pub fn specialise_for<A: Arguments>(
        &'static self,
        parameters: &[(&str, i128)],
        options: back::Options,
    ) -> Result<KernelImage<A>, Error> {
        let linked = self.linked();
        let entry = cache::kept(Key::new(&linked.digest, A::KERNEL, parameters, &options), || {
            let kernel = back::specialise(&*linked.program()?, A::KERNEL, parameters, &options)?;
            Ok(Entry { ptx: kernel.ptx.to_string(), needs: kernel.needs })
        })?;
        Ok(KernelImage { ptx: Cow::Owned(entry.ptx.clone()), needs: entry.needs, arguments: PhantomData })
    }
}
