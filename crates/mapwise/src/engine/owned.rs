//! Keys and values that own memory and can still be read by a copy of their bytes: a closed list.
//!
//! All of them consist of words, without padding; have no interior mutability in these words; and are used through a
//! shared reference by following the copied pointer only, which does not claim to be the only one. (A `Box` does.)

use std::{any::TypeId, mem::ManuallyDrop, ptr, sync::Arc};

/// Calls a macro with the list.
macro_rules! owned_types {
    ($go:ident) => {
        $go!(String, Vec<u8>, Arc<str>, Arc<[u8]>)
    };
}

/// The model's slots are one word for the key and one for the value.
#[cfg(all(test, loom))]
macro_rules! model_types {
    ($go:ident) => {
        $go!(super::models::Watched)
    };
}

const _: () = {
    macro_rules! check {
        ($($t:ty),*) => { $(assert!(
            size_of::<$t>() % size_of::<usize>() == 0 && align_of::<$t>() == align_of::<usize>()
        );)* };
    }
    owned_types!(check);
};

/// Whether `T` is on the list. A constant after compilation.
#[inline(always)]
pub(super) fn is_owned<T>() -> bool {
    macro_rules! any {
        ($($owned:ty),*) => {{
            let id = typeid::of::<T>();
            false $(|| id == TypeId::of::<$owned>())*
        }};
    }
    #[cfg(all(test, loom))]
    return model_types!(any);
    #[cfg(all(not(test), loom))]
    return false;
    #[cfg(not(loom))]
    owned_types!(any)
}

/// Returns a value of its own that equals `value`, which is on the list.
#[inline]
pub(super) fn duplicate<T>(value: &T) -> T {
    macro_rules! clone {
        ($($owned:ty),*) => { $(
            if typeid::of::<T>() == TypeId::of::<$owned>() {
                // SAFETY: the same type: no type on the list has a lifetime.
                let value = unsafe { &*ptr::from_ref(value).cast::<$owned>() };
                let clone = ManuallyDrop::new(value.clone());
                // SAFETY: likewise; the clone is not used again.
                return unsafe { ptr::from_ref(&*clone).cast::<T>().read() };
            }
        )* };
    }
    #[cfg(all(test, loom))]
    model_types!(clone);
    #[cfg(not(loom))]
    owned_types!(clone);
    unreachable!("asked for types on the list only")
}

/// Returns how many bytes `value` holds beside its own, 0 if it is not on the list.
#[inline]
pub(super) fn heap_size<T>(value: &T) -> usize {
    macro_rules! size {
        ($($owned:ty),*) => { $(
            if typeid::of::<T>() == TypeId::of::<$owned>() {
                // SAFETY: the same type, as above.
                return unsafe { &*ptr::from_ref(value).cast::<$owned>() }.held();
            }
        )* };
    }
    #[cfg(not(loom))]
    owned_types!(size);
    0
}

/// How much memory the types of the list hold.
trait Held {
    fn held(&self) -> usize;
}

impl Held for String {
    fn held(&self) -> usize {
        self.capacity()
    }
}

impl Held for Vec<u8> {
    fn held(&self) -> usize {
        self.capacity()
    }
}

impl Held for Arc<str> {
    fn held(&self) -> usize {
        self.len()
    }
}

impl Held for Arc<[u8]> {
    fn held(&self) -> usize {
        self.len()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_is_equal_and_of_its_own() {
        let text = "text".to_owned();
        let other = duplicate(&text);
        assert!(other == text && other.as_ptr() != text.as_ptr());
        let shared: Arc<str> = "text".into();
        let again = duplicate(&shared);
        assert!(again == shared && Arc::strong_count(&shared) == 2);
        assert_eq!(duplicate(&vec![1_u8, 2]), [1, 2]);
        assert_eq!(duplicate(&Arc::<[u8]>::from([3, 4])), [3, 4].into());
    }

    #[test]
    fn what_is_held_is_counted() {
        assert_eq!(heap_size(&String::with_capacity(100)), 100);
        assert_eq!((heap_size(&Arc::<str>::from("four")), heap_size(&7_u64)), (4, 0));
    }
}
