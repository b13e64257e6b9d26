//! One slot of a bucket, and the two ways to reach what is in it.
//!
//! In a map of listed types (`mode`) slots are copied in and out field by field, by atomics (**snapshot**); in any other
//! they are plain memory that the home's lock protects (**shared**).

use std::mem::{self, ManuallyDrop, MaybeUninit};

use super::{
    mode::snapshots,
    owned::{duplicate, is_owned},
};
use crate::sync::UnsafeCell;

/// Room for an entry.
pub(super) struct Slot<K, V> {
    #[cfg(loom)]
    words: words::Words,
    entry: UnsafeCell<MaybeUninit<(K, V)>>,
}

/// What was in a slot, or a mixture of what was there before and after.
pub(super) struct Copied<K, V> {
    key: MaybeUninit<K>,
    value: MaybeUninit<V>,
}

impl<K, V> Copied<K, V> {
    /// Returns the entry, which the slot still has: whoever has taken it out of the slot may drop it.
    ///
    /// # Safety
    ///
    /// The slot was full, and not changed while it was copied. The entry is used while it is there, or while this thread is
    /// pinned since before it last was known to be there (**pinned**).
    #[inline(always)]
    pub(super) unsafe fn assume(self) -> (ManuallyDrop<K>, ManuallyDrop<V>) {
        // SAFETY: as the caller promises, these are the bytes of one key that was stored.
        let key = unsafe { self.key.assume_init() };
        // SAFETY: likewise of one value.
        let value = unsafe { self.value.assume_init() };
        (ManuallyDrop::new(key), ManuallyDrop::new(value))
    }
}

impl<K, V> Slot<K, V> {
    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self { words: words::Words::new(), entry: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    #[cfg(shuttle)]
    pub(super) fn new() -> Self {
        Self { entry: UnsafeCell::new(MaybeUninit::zeroed()) }
    }

    #[cfg(all(test, not(loom)))]
    pub(super) const fn empty() -> Self {
        Self { entry: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Calls `read` with the entry.
    ///
    /// # Safety
    ///
    /// The slot is full and its home locked by this thread, shared or exclusively.
    #[inline(always)]
    pub(super) unsafe fn with<R>(&self, read: impl FnOnce(&K, &V) -> R) -> R {
        if snapshots::<K, V>() {
            // SAFETY: snapshot: these are listed types.
            let copied = unsafe { self.copy() };
            // SAFETY: the slot is full, and the caller's lock keeps it as it is.
            let (key, value) = unsafe { copied.assume() };
            return read(&key, &value);
        }
        self.entry.with(|entry| {
            // SAFETY: shared: the caller holds the lock and the slot is full, so it is initialized and nobody writes it.
            let (key, value) = unsafe { &*entry.cast::<(K, V)>() };
            read(key, value)
        })
    }

    /// Calls `change` with the entry, and keeps what it did to the value even if it panics.
    ///
    /// A value that a reader may be looking at is not changed but replaced, by a changed duplicate; it is then left in
    /// `replaced`.
    ///
    /// # Safety
    ///
    /// The slot is full and its home locked exclusively by this thread.
    #[inline(always)]
    pub(super) unsafe fn with_mut<R>(&self, replaced: &mut Option<V>, change: impl FnOnce(&K, &mut V) -> R) -> R {
        if snapshots::<K, V>() {
            // SAFETY: snapshot: these are listed types.
            let copied = unsafe { self.copy() };
            // SAFETY: the slot is full, and the caller's lock keeps it as it is.
            let (key, old) = unsafe { copied.assume() };
            let value = if is_owned::<V>() { ManuallyDrop::new(duplicate(&*old)) } else { old };
            let mut lent = Lent { slot: self, value, replaced };
            return change(&key, &mut lent.value);
        }
        self.entry.with_mut(|entry| {
            // SAFETY: shared: the caller holds the lock exclusively and the slot is full.
            let (key, value) = unsafe { &mut *entry.cast::<(K, V)>() };
            change(key, value)
        })
    }

    /// Fills the slot.
    ///
    /// # Safety
    ///
    /// The slot is empty and its home locked exclusively by this thread.
    #[inline(always)]
    pub(super) unsafe fn put(&self, key: K, value: V) {
        if snapshots::<K, V>() {
            // They are the slot's from here on.
            let (key, value) = (ManuallyDrop::new(key), ManuallyDrop::new(value));
            // SAFETY: snapshot: these are listed types.
            unsafe { self.store_key(&key) };
            // SAFETY: likewise.
            unsafe { self.store_value(&value) };
            return;
        }
        // SAFETY: shared: the caller holds the lock exclusively; what is overwritten is no entry.
        self.entry.with_mut(|entry| unsafe { entry.write(MaybeUninit::new((key, value))) });
    }

    /// Stores another value and returns the one that was there. A reader may still be looking at that (**pinned**).
    ///
    /// # Safety
    ///
    /// The slot is full and its home locked exclusively by this thread.
    #[inline(always)]
    pub(super) unsafe fn replace(&self, value: V) -> V {
        if snapshots::<K, V>() {
            // SAFETY: snapshot: these are listed types.
            let copied = unsafe { self.copy() };
            // SAFETY: the slot is full, and the caller's lock keeps it as it is.
            let (_, old) = unsafe { copied.assume() };
            let value = ManuallyDrop::new(value);
            // SAFETY: as above.
            unsafe { self.store_value(&value) };
            // Not the slot's any more.
            return ManuallyDrop::into_inner(old);
        }
        self.entry.with_mut(|entry| {
            // SAFETY: shared: the caller holds the lock exclusively and the slot is full.
            mem::replace(unsafe { &mut (*entry.cast::<(K, V)>()).1 }, value)
        })
    }

    /// Empties the slot; the caller sets its tag to 0. A reader may still be looking at the entry (**pinned**).
    ///
    /// # Safety
    ///
    /// The slot is full and its home locked exclusively by this thread.
    #[inline(always)]
    pub(super) unsafe fn take(&self) -> (K, V) {
        if snapshots::<K, V>() {
            // SAFETY: snapshot: these are listed types.
            let copied = unsafe { self.copy() };
            // SAFETY: the slot is full, and the caller's lock keeps it as it is.
            let (key, value) = unsafe { copied.assume() };
            return (ManuallyDrop::into_inner(key), ManuallyDrop::into_inner(value));
        }
        // SAFETY: shared: the caller holds the lock exclusively; the slot is full and will count as empty.
        self.entry.with_mut(|entry| unsafe { entry.cast::<(K, V)>().read() })
    }

    /// Returns a pointer to the value, for a map that is not of listed types.
    ///
    /// # Safety
    ///
    /// The home is locked exclusively by this thread, and stays so while the pointer is used.
    pub(super) unsafe fn value_pointer(&self) -> *mut V {
        debug_assert!(!snapshots::<K, V>());
        self.entry.with_mut(|entry| {
            // SAFETY: the pointer is to a whole entry; only an address is computed.
            unsafe { &raw mut (*entry.cast::<(K, V)>()).1 }
        })
    }
}

/// A value on loan to a closure: stored when the closure is done, or panics.
struct Lent<'a, K, V> {
    slot: &'a Slot<K, V>,
    value: ManuallyDrop<V>,
    replaced: &'a mut Option<V>,
}

impl<K, V> Drop for Lent<'_, K, V> {
    #[inline(always)]
    fn drop(&mut self) {
        if is_owned::<V>() {
            // SAFETY: its place in `self` is not used again.
            let value = unsafe { ManuallyDrop::take(&mut self.value) };
            // SAFETY: snapshot: made in `with_mut` for listed types only, whose caller holds the lock and knows that the slot
            // is full.
            *self.replaced = Some(unsafe { self.slot.replace(value) });
        } else {
            // SAFETY: as above; a plain value needs no drop.
            unsafe { self.slot.store_value(&self.value) };
        }
    }
}

#[cfg(not(loom))]
mod words {
    //! Plain fields in real memory.

    use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

    use super::{Copied, MaybeUninit, Slot, mem, snapshots};
    use crate::engine::mode::has_pointers;

    impl<K, V> Slot<K, V> {
        /// What keys and values are aligned to, in a slot: often to more than their types ask for.
        const KEY: usize = aligned::<(K, V)>(mem::offset_of!((K, V), 0));
        const VALUE: usize = aligned::<(K, V)>(mem::offset_of!((K, V), 1));

        #[inline(always)]
        fn key(&self) -> *mut K {
            // SAFETY: within the slot; only an address is computed.
            self.entry.with_mut(|entry| unsafe { &raw mut (*entry.cast::<(K, V)>()).0 })
        }

        #[inline(always)]
        fn value(&self) -> *mut V {
            // SAFETY: within the slot; only an address is computed.
            self.entry.with_mut(|entry| unsafe { &raw mut (*entry.cast::<(K, V)>()).1 })
        }

        /// Copies the key that is in the slot, full or not.
        ///
        /// # Safety
        ///
        /// `K` and `V` are listed.
        #[inline(always)]
        pub(in super::super) unsafe fn copy_key(&self) -> MaybeUninit<K> {
            debug_assert!(snapshots::<K, V>());
            // SAFETY: snapshot: initialized, and only ever accessed by atomics.
            unsafe { load(self.key(), Self::KEY) }
        }

        /// Copies what is in the slot, full or not.
        ///
        /// # Safety
        ///
        /// `K` and `V` are listed.
        #[inline(always)]
        pub(in super::super) unsafe fn copy(&self) -> Copied<K, V> {
            // SAFETY: as the caller promises.
            let key = unsafe { self.copy_key() };
            // SAFETY: likewise.
            let value = unsafe { load(self.value(), Self::VALUE) };
            Copied { key, value }
        }

        /// # Safety
        ///
        /// `K` and `V` are listed, and the home is locked exclusively by this thread.
        #[inline(always)]
        pub(super) unsafe fn store_key(&self, key: &K) {
            // SAFETY: snapshot: only ever accessed by atomics.
            unsafe { store(self.key(), key, Self::KEY) };
        }

        /// # Safety
        ///
        /// `K` and `V` are listed, and the home is locked exclusively by this thread.
        #[inline(always)]
        pub(in super::super) unsafe fn store_value(&self, value: &V) {
            // SAFETY: snapshot: only ever accessed by atomics.
            unsafe { store(self.value(), value, Self::VALUE) };
        }
    }

    /// What everything `offset` after the beginning of a `T` is aligned to.
    const fn aligned<T>(offset: usize) -> usize {
        let bits = offset | align_of::<T>();
        bits & bits.wrapping_neg()
    }

    /// Calls a macro with the widest atomic that fits a `T` which is aligned to `align`, and what is in it.
    ///
    /// What has pointers is copied as pointers, so that they may be followed; the lengths among them come to no harm.
    macro_rules! by_alignment {
        ($t:ty, $align:ident, $go:ident) => {
            // The largest power of two that divides both.
            match 1 << ($align | size_of::<$t>()).trailing_zeros().min(3) {
                _ if has_pointers::<$t>() => $go!(AtomicPtr<()>, *mut ()),
                1 => $go!(AtomicU8, u8),
                2 => $go!(AtomicU16, u16),
                4 => $go!(AtomicU32, u32),
                _ => $go!(AtomicU64, u64),
            }
        };
    }

    /// Copies a `T` piece by piece; the whole is a `T` only if nobody stored meanwhile.
    ///
    /// # Safety
    ///
    /// `from` is aligned to `align` and initialized, no byte of a `T` is padding, and all accesses beside this one are
    /// atomics with the same `align`.
    #[inline(always)]
    unsafe fn load<T>(from: *mut T, align: usize) -> MaybeUninit<T> {
        let mut copy = MaybeUninit::<T>::uninit();
        macro_rules! go {
            ($atomic:ty, $int:ty) => {
                for at in 0..size_of::<T>() / size_of::<$int>() {
                    // SAFETY: within the `T`.
                    let piece = unsafe { from.cast::<$int>().add(at) };
                    // SAFETY: aligned as `align` says, initialized, and accessed by atomics only.
                    let piece = unsafe { <$atomic>::from_ptr(piece) };
                    // SAFETY: within the copy.
                    let to = unsafe { copy.as_mut_ptr().cast::<$int>().add(at) };
                    // Relaxed: the reader's fence orders it before the second load of the version.
                    crate::sync::point();
                    let bits = piece.load(Relaxed);
                    // SAFETY: within the copy.
                    unsafe { to.write_unaligned(bits) };
                }
            };
        }
        by_alignment!(T, align, go);
        copy
    }

    /// Stores a `T` piece by piece.
    ///
    /// # Safety
    ///
    /// As for [`load`].
    #[inline(always)]
    unsafe fn store<T>(to: *mut T, value: &T, align: usize) {
        macro_rules! go {
            ($atomic:ty, $int:ty) => {
                for at in 0..size_of::<T>() / size_of::<$int>() {
                    // SAFETY: within the `T`.
                    let piece = unsafe { to.cast::<$int>().add(at) };
                    // SAFETY: aligned as `align` says, initialized, and accessed by atomics only.
                    let piece = unsafe { <$atomic>::from_ptr(piece) };
                    // SAFETY: within the value.
                    let from = unsafe { std::ptr::from_ref(value).cast::<$int>().add(at) };
                    // SAFETY: no byte of a `T` is padding, so all are initialized.
                    let bits = unsafe { from.read_unaligned() };
                    // Relaxed: the writer's fence orders it after the lock was taken, its unlock before the next.
                    crate::sync::point();
                    piece.store(bits, Relaxed);
                }
            };
        }
        by_alignment!(T, align, go);
    }

    const _: () = assert!(mem::size_of::<Slot<u64, u64>>() == 16);
}

#[cfg(loom)]
mod words {
    //! Plain fields in the model: a word each.

    use super::{Copied, MaybeUninit, Slot, mem, snapshots};
    use crate::sync::{AtomicU64, Ordering::Relaxed};

    pub(super) struct Words {
        key: AtomicU64,
        value: AtomicU64,
    }

    impl Words {
        pub(super) fn new() -> Self {
            Self { key: AtomicU64::new(0), value: AtomicU64::new(0) }
        }
    }

    impl<K, V> Slot<K, V> {
        pub(in super::super) unsafe fn copy_key(&self) -> MaybeUninit<K> {
            assert!(snapshots::<K, V>());
            unpack(self.words.key.load(Relaxed))
        }

        pub(in super::super) unsafe fn copy(&self) -> Copied<K, V> {
            assert!(snapshots::<K, V>());
            Copied { key: unpack(self.words.key.load(Relaxed)), value: unpack(self.words.value.load(Relaxed)) }
        }

        pub(super) unsafe fn store_key(&self, key: &K) {
            self.words.key.store(pack(key), Relaxed);
        }

        pub(in super::super) unsafe fn store_value(&self, value: &V) {
            self.words.value.store(pack(value), Relaxed);
        }
    }

    fn pack<T>(value: &T) -> u64 {
        let mut bytes = [0; 8];
        assert!(size_of::<T>() <= 8);
        // SAFETY: a plain type has no padding, and fits.
        let from = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) };
        bytes[..size_of::<T>()].copy_from_slice(from);
        u64::from_ne_bytes(bytes)
    }

    fn unpack<T>(bits: u64) -> MaybeUninit<T> {
        let bytes = bits.to_ne_bytes();
        assert!(size_of::<T>() <= 8);
        // SAFETY: it fits, and may be any bytes.
        unsafe { mem::transmute_copy(&bytes) }
    }
}
