//! Slurm's short forms: lists of nodes such as `gpu[07-09,12]` and of counts such as `8(x2)`.

/// The first node of a list.
pub(super) fn first(list: &str) -> Result<String, String> {
    let problem = || format!("must be a list of nodes such as gpu[07-09,12]: {list:?} is not");
    let name_end = list.find([',', '[']).unwrap_or(list.len());
    let name = list[..name_end].trim();
    let Some(rest) = list[name_end..].strip_prefix('[') else {
        return if name.is_empty() { Err(problem()) } else { Ok(name.to_owned()) };
    };
    let (numbers, after) = rest.split_once(']').ok_or_else(problem)?;
    let number = numbers.split([',', '-']).next().unwrap_or_default();
    let suffix = after.split(',').next().unwrap_or_default();
    // A second bracket would be a second dimension, which is a list of its own.
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(problem());
    }
    let rest = if suffix.is_empty() { String::new() } else { first(suffix)? };
    Ok(format!("{name}{number}{rest}"))
}

/// Tasks on every node, if all have as many: `8`, `8(x2)` or `8,8`.
pub(super) fn tasks_per_node(text: &str) -> Result<u64, String> {
    let problem = || format!("must be a count of tasks such as 8 or 8(x2): {text:?} is not");
    let mut counts = text.split(',').map(|part| {
        let (count, repeated) = part.trim().split_once("(x").unwrap_or((part.trim(), "1)"));
        let repeated = repeated.strip_suffix(')').and_then(|times| times.parse::<u32>().ok());
        count.parse::<u32>().ok().filter(|&count| count > 0 && repeated.is_some())
    });
    let count = counts.next().flatten().ok_or_else(problem)?;
    for other in counts {
        if other.ok_or_else(problem)? != count {
            return Err(format!("must be the same on every node: {text:?} is not"));
        }
    }
    Ok(count.into())
}

#[cfg(test)]
mod tests {
    use super::{first, tasks_per_node};

    #[test]
    fn the_first_node_of_a_list() {
        for (list, node) in [
            ("gpu", "gpu"),
            ("gpu-7,gpu-9", "gpu-7"),
            ("gpu[07-09,12]", "gpu07"),
            ("gpu[3,5]-ib", "gpu3-ib"),
            ("rack[1-2]node[004-008],login", "rack1node004"),
        ] {
            assert_eq!(first(list).as_deref(), Ok(node), "{list}");
        }
        for list in ["", ",gpu", "gpu[", "gpu[]", "gpu[x-y]"] {
            assert!(first(list).expect_err(list).contains("list of nodes"), "{list}");
        }
    }

    #[test]
    fn counts_of_tasks() {
        for (text, count) in [("8", 8), ("8(x2)", 8), ("4,4", 4), ("4(x3),4", 4)] {
            assert_eq!(tasks_per_node(text), Ok(count), "{text}");
        }
        assert!(tasks_per_node("8(x2),4").expect_err("uneven").contains("same on every node"));
        for text in ["", "0", "eight", "8(x", "8(xy)", "8,"] {
            assert!(tasks_per_node(text).expect_err(text).contains("count of tasks"), "{text}");
        }
    }
}
