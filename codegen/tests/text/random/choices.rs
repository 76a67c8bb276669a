//! A list of choices that a generator uses up; when it runs out, every choice is the simplest.

/// What to choose next.
#[derive(Clone, Debug)]
pub(super) struct Choices {
    values: std::vec::IntoIter<u32>,
}

impl Choices {
    /// Uses up `values` in order.
    pub(super) fn new(values: Vec<u32>) -> Self {
        Choices { values: values.into_iter() }
    }

    /// A number; 0 at the end of the list.
    pub(super) fn number(&mut self) -> u32 {
        self.values.next().unwrap_or(0)
    }

    /// Whether the list is used up.
    pub(super) fn are_over(&self) -> bool {
        self.values.len() == 0
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.number() as usize % bound
    }

    /// True once in `times`; false at the end of the list.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    /// One of several.
    pub(super) fn one<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())].clone()
    }

    /// One of several, if there are any.
    pub(super) fn maybe_one<T: Clone>(&mut self, items: &[T]) -> Option<T> {
        if items.is_empty() { None } else { Some(self.one(items)) }
    }
}
