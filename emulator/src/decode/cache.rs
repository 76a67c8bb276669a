//! Decoded modules that machines share.
//!
//! Tests make many machines that load the same few texts, and decoding one takes longer than
//! running a short kernel. What is decoded never changes, so it is kept for the whole process and
//! found by its text: clusters and machines share it though nothing passes from one to the next.
//! The modules that were used last are kept, within bounds.

use std::sync::{Arc, Mutex, PoisonError};

use super::module::{Decoded, module};
use crate::error::Error;

/// Modules that are kept at most, and bytes of their texts together.
const MODULES: usize = 256;
const TEXT_BYTES: usize = 8 << 20;

static SHARED: Mutex<Cache> = Mutex::new(Cache { modules: Vec::new(), text_bytes: 0 });

/// Parses and decodes PTX text, or finds what was made of it before.
pub(crate) fn shared(text: &str) -> Result<Arc<Decoded>, Error> {
    let lock = || SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lock().find(text) {
        return Ok(known);
    }
    // Without the lock: threads that load the same text at the same moment each decode it, and the
    // first one's is kept.
    let decoded = Arc::new(module(text)?);
    Ok(lock().keep(decoded, MODULES, TEXT_BYTES))
}

/// Modules in the order in which they were used last, the latest at the end.
#[derive(Debug)]
struct Cache {
    modules: Vec<Arc<Decoded>>,
    text_bytes: usize,
}

impl Cache {
    fn find(&mut self, text: &str) -> Option<Arc<Decoded>> {
        let position = self.modules.iter().rposition(|module| module.text == text)?;
        self.modules[position..].rotate_left(1);
        self.modules.last().cloned()
    }

    /// Keeps a module, unless it is too long by itself, and drops those that were not used for
    /// longest. Returns the one that is kept if the text was there already.
    fn keep(&mut self, module: Arc<Decoded>, modules: usize, text_bytes: usize) -> Arc<Decoded> {
        if let Some(known) = self.find(&module.text) {
            return known;
        }
        if module.text.len() > text_bytes {
            return module;
        }
        self.text_bytes += module.text.len();
        self.modules.push(module.clone());
        let mut dropped = 0;
        while self.modules.len() - dropped > modules || self.text_bytes > text_bytes {
            self.text_bytes -= self.modules[dropped].text.len();
            dropped += 1;
        }
        self.modules.drain(..dropped);
        module
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        format!(".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry {name}()\n{{\nret;\n}}\n")
    }

    fn decoded(name: &str) -> Arc<Decoded> {
        Arc::new(module(&text(name)).expect("PTX"))
    }

    fn names(cache: &Cache) -> Vec<&str> {
        cache.modules.iter().map(|module| module.kernels[0].code.name.as_str()).collect()
    }

    #[test]
    fn one_text_is_decoded_once() {
        let [first, again] = [(); 2].map(|()| shared(&text("one_text_is_decoded_once")).expect("PTX"));
        assert!(Arc::ptr_eq(&first, &again));
        let elsewhere = std::thread::spawn(|| shared(&text("one_text_is_decoded_once")).expect("PTX"));
        assert!(Arc::ptr_eq(&first, &elsewhere.join().expect("no panic")));
        let other = shared(&text("another_text")).expect("PTX");
        assert!(!Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let mut cache = Cache { modules: Vec::new(), text_bytes: 0 };
        for name in ["a", "b", "c"] {
            cache.keep(decoded(name), 3, 1 << 20);
        }
        assert!(cache.find(&text("a")).is_some());
        cache.keep(decoded("d"), 3, 1 << 20);
        assert_eq!(names(&cache), ["c", "a", "d"]);
        assert!(cache.find(&text("b")).is_none());
    }

    #[test]
    fn texts_are_bounded() {
        let mut cache = Cache { modules: Vec::new(), text_bytes: 0 };
        let room = 2 * text("a").len();
        for name in ["a", "b", "c"] {
            cache.keep(decoded(name), 9, room);
        }
        assert_eq!((names(&cache), cache.text_bytes), (vec!["b", "c"], room));
        // Longer than everything together: used, but not kept.
        let long = decoded(&"x".repeat(room));
        assert!(Arc::ptr_eq(&cache.keep(long.clone(), 9, room), &long));
        assert_eq!(names(&cache), ["b", "c"]);
        // The same text twice: the first stays.
        let kept = cache.find(&text("b")).expect("kept");
        assert!(Arc::ptr_eq(&cache.keep(decoded("b"), 9, room), &kept));
        assert_eq!((names(&cache), cache.text_bytes), (vec!["c", "b"], room));
    }

    #[test]
    fn errors_are_reported_each_time() {
        let [first, again] = [(); 2].map(|()| shared("no PTX").expect_err("no PTX").to_string());
        assert_eq!(first, again);
    }
}
