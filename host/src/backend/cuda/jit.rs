//! PTX to machine code by the driver, and its complaints with the Rust lines that they are about.

use std::ffi::{CString, c_void};
use std::fmt::Write;

use cudarc::driver::DriverError;
use cudarc::driver::sys::{self, CUjit_option_enum as JitOption};

/// Bytes for what the compiler says.
const LOG: usize = 16 << 10;

/// Compiles a module in the current context.
pub(super) fn compile(ptx: &str) -> Result<sys::CUmodule, (DriverError, String)> {
    let invalid =
        |_| (DriverError(sys::CUresult::CUDA_ERROR_INVALID_PTX), "the PTX contains a zero byte".to_owned());
    let text = CString::new(ptx).map_err(invalid)?;
    let mut log = vec![0_u8; LOG];
    let mut options = [
        JitOption::CU_JIT_ERROR_LOG_BUFFER,
        JitOption::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
        JitOption::CU_JIT_GENERATE_LINE_INFO,
    ];
    // Numbers travel as the pointers themselves.
    let mut values = [log.as_mut_ptr().cast::<c_void>(), number(LOG), number(1)];
    let mut module = std::ptr::null_mut();
    // SAFETY: text, options and values live until the call returns, and the buffer is as long as
    // stated.
    let compiled = unsafe {
        sys::cuModuleLoadDataEx(
            &mut module,
            text.as_ptr().cast(),
            options.len() as u32,
            options.as_mut_ptr(),
            values.as_mut_ptr(),
        )
    };
    compiled.result().map(|()| module).map_err(|error| {
        let end = log.iter().position(|&byte| byte == 0).unwrap_or(LOG);
        (error, explained(ptx, &String::from_utf8_lossy(&log[..end])))
    })
}

/// A number where the driver takes a pointer.
fn number(value: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(value)
}

/// The log with the source line of each PTX line that it names ("line 12; error : ..").
fn explained(ptx: &str, log: &str) -> String {
    let mut text = String::new();
    for line in log.lines() {
        let _ = write!(text, "{line}");
        let named = line.split_once("line ").and_then(|(_, rest)| {
            rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok())
        });
        if let Some(source) = named.and_then(|number| source_line(ptx, number)) {
            let _ = write!(text, " [{source}]");
        }
        text.push('\n');
    }
    text
}

/// The file and line that the `.loc` before a PTX line names (PTX ISA section 11.5.3).
fn source_line(ptx: &str, number: usize) -> Option<String> {
    let before: Vec<&str> = ptx.lines().take(number).collect();
    let location = before.iter().rev().find_map(|line| line.trim().strip_prefix(".loc "))?;
    let mut words = location.split([' ', '\t', ',']).filter(|word| !word.is_empty());
    let (file, line) = (words.next()?, words.next()?);
    let name = ptx.lines().find_map(|line| {
        let (index, rest) = line.trim().strip_prefix(".file")?.trim().split_once(char::is_whitespace)?;
        (index == file).then(|| rest.trim().split('"').nth(1)).flatten()
    })?;
    Some(format!("{name}:{line}"))
}

#[cfg(test)]
mod tests {
    use crossdock_device::{KernelSet, Shape, Wire};

    use super::explained;

    #[test]
    fn complaints_name_the_rust_line() {
        let ptx = ".version 8.0\n.file 1 \"ours/src/a.rs\"\n.file 2 \"ours/src/b.rs\"\n{\n.loc 2 41 5\nadd.u32 %a, %b;\nret;\n}\n";
        let log = "ptxas application ptx input, line 6; error   : Arguments mismatch for instruction 'add'\nptxas fatal   : no";
        assert_eq!(
            explained(ptx, log),
            "ptxas application ptx input, line 6; error   : Arguments mismatch for instruction 'add' [ours/src/b.rs:41]\nptxas fatal   : no\n"
        );
        assert_eq!(explained("ret;", "line 1; error"), "line 1; error\n");
    }

    /// Of a kernel as it ships: complaints about an instruction name the file and a line that has
    /// to do with it.
    #[test]
    fn complaints_about_our_kernels_name_our_files() {
        let shape = Shape { hidden: 64, top_k: 2, experts: 8, wire: Wire::Bf16 };
        let kernels = KernelSet::jit(shape).expect("a legal shape");
        let ptx = &kernels.count.ptx;
        let number =
            1 + ptx.lines().position(|line| line.contains("st.release.sys")).expect("count tells peers");
        let told = explained(ptx, &format!("ptxas application ptx input, line {number}; error : no"));
        let (_, source) = told.trim_end().trim_end_matches(']').rsplit_once('[').expect("a source line");
        let (file, line) = source.rsplit_once(':').expect("a file and a line");
        assert!(file.ends_with(".rs"), "{source}");
        let name = std::path::Path::new(file).file_name().expect("a name");
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../device/src/kernels");
        let text = std::fs::read_to_string(folder.join(name)).expect("one of the kernels' files");
        let line: usize = line.parse().expect("a number");
        let text = text.lines().nth(line - 1).expect("a line of the file");
        assert!(text.contains("store(") && text.contains("Release"), "{source}: {text}");
    }
}
