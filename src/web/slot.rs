//! A place for one thing that several asynchronous calls want in turn.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// Holds a value, or knows that some call has taken it and will put it back.
pub(super) struct Slot<T> {
    value: RefCell<Option<T>>,
    waiting: RefCell<VecDeque<Waker>>,
}

impl<T> Slot<T> {
    pub fn new(value: T) -> Self {
        Slot { value: RefCell::new(Some(value)), waiting: RefCell::new(VecDeque::new()) }
    }

    /// Takes the value, waiting until the calls that have it are done. It must be put back.
    pub async fn take(&self) -> T {
        poll_fn(|cx| match self.value.borrow_mut().take() {
            Some(value) => Poll::Ready(value),
            None => {
                self.waiting.borrow_mut().push_back(cx.waker().clone());
                Poll::Pending
            }
        })
        .await
    }

    /// Puts the value back and wakes whoever waits for it.
    pub fn put(&self, value: T) {
        *self.value.borrow_mut() = Some(value);
        if let Some(waker) = self.waiting.borrow_mut().pop_front() {
            waker.wake();
        }
    }

    /// The value for a short change, unless some call has it.
    pub fn get_mut(&self) -> Option<RefMut<'_, T>> {
        RefMut::filter_map(self.value.borrow_mut(), Option::as_mut).ok()
    }
}
