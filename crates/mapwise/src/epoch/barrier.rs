//! The two barriers of **dekker**: one for each pin, which costs nothing where the other can make up for it.
//!
//! On Linux the heavy barrier is `membarrier`: it makes every running thread of the process pass a full barrier, so that
//! the light one need only stop the compiler. Elsewhere, and where the system refuses, both are fences.

use std::sync::OnceLock;

/// Whether light barriers have to be fences: fixed before the first pin of the process.
pub(super) fn needs_fence() -> bool {
    static NEEDS_FENCE: OnceLock<bool> = OnceLock::new();
    *NEEDS_FENCE.get_or_init(|| !system::register())
}

/// Stands between a pin and the reads under it. `fence` is what `needs_fence` said.
#[inline(always)]
pub(super) fn light(fence: bool) {
    if fence {
        // Pairs with the fence of `heavy`.
        crate::sync::fence(crate::sync::Ordering::SeqCst);
    } else {
        // Pairs with the barrier that `heavy` puts into this thread, wherever it is.
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
    }
}

/// Stands between the unlinking of items and the look for pins; `Err` if the system refuses what it once granted.
pub(super) fn heavy() -> Result<(), Refused> {
    // Orders this thread itself, and is all there is where light barriers are fences.
    crate::sync::fence(crate::sync::Ordering::SeqCst);
    if needs_fence() || system::membarrier() { Ok(()) } else { Err(Refused) }
}

/// There was no barrier: who looks for pins may miss one.
#[derive(Debug)]
pub(super) struct Refused;

#[cfg(all(target_os = "linux", not(loom), not(shuttle), not(miri)))]
mod system {
    #![allow(unsafe_code)]

    // From the kernel's membarrier.h; `libc` lacks them for some targets.
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    /// Returns whether the process may call `membarrier` from now on.
    pub(super) fn register() -> bool {
        call(REGISTER_PRIVATE_EXPEDITED) && membarrier()
    }

    /// Makes all running threads of the process pass a full barrier; the others pass one when they are switched to.
    pub(super) fn membarrier() -> bool {
        call(PRIVATE_EXPEDITED)
    }

    fn call(command: libc::c_int) -> bool {
        let flags: libc::c_uint = 0;
        // SAFETY: takes two integers and touches no memory of ours.
        let status = unsafe { libc::syscall(libc::SYS_membarrier, command, flags) };
        status == 0
    }
}

#[cfg(not(all(target_os = "linux", not(loom), not(shuttle), not(miri))))]
mod system {
    pub(super) fn register() -> bool {
        false
    }

    pub(super) fn membarrier() -> bool {
        false
    }
}
