//! NVIDIA's assembler, `ptxas`, as a judge from outside: whether it takes a module, and what its
//! kernels then cost.
//!
//! crossdock never needs it: a driver assembles PTX when it loads it. Tests use it to check the
//! instruction table and the kernels, and the command line to say what a kernel takes. It is found
//! by the environment variable `PTXAS` or on the path, and is part of the CUDA toolkit and of the
//! PyPI wheel `nvidia-cuda-nvcc`.

#[cfg(feature = "assembler")]
mod assemble;

use std::path::PathBuf;
use std::process::{Command, Stdio};

#[cfg(feature = "assembler")]
pub use self::assemble::{Assembled, Usage};
use crate::Error;

/// An assembler that runs on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assembler {
    program: PathBuf,
    release: String,
}

impl Assembler {
    /// The assembler that `PTXAS` names or, without that variable, the one on the path.
    ///
    /// # Errors
    /// [`Error::NoAssembler`] when it does not start or does not say its release.
    pub fn find() -> Result<Assembler, Error> {
        let program = std::env::var_os("PTXAS").map_or_else(|| PathBuf::from("ptxas"), PathBuf::from);
        let missing = |reason: String| Error::NoAssembler { program: program.display().to_string(), reason };
        let output = Command::new(&program)
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| missing(error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let release = text.split("release ").nth(1).and_then(|rest| rest.split([',', '\n']).next());
        match release {
            Some(release) if output.status.success() => {
                Ok(Assembler { program: program.clone(), release: release.trim().to_owned() })
            }
            _ => Err(missing("`--version` does not name a release".to_owned())),
        }
    }

    /// As [`find`](Self::find), for tests that are pointless without it: they say that they skip.
    /// Where `CROSSDOCK_REQUIRE_PTXAS` is set, as in CI, a missing assembler is a failure.
    #[doc(hidden)]
    pub fn for_test() -> Option<Assembler> {
        match Assembler::find() {
            Ok(assembler) => Some(assembler),
            Err(error) => {
                assert!(std::env::var_os("CROSSDOCK_REQUIRE_PTXAS").is_none(), "{error}");
                println!("skipped: {error}");
                None
            }
        }
    }

    /// The program that runs.
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// The CUDA release that it belongs to, such as `13.5`.
    pub fn release(&self) -> &str {
        &self.release
    }
}
