//! Objects of the firewall (netfw.h).
#![allow(unsafe_code, reason = "one function is called by its place, since its result says two things")]

use std::ffi::c_void;

use windows_sys::Win32::NetworkManagement::WindowsFirewall::{NetFwPolicy2, NetFwRule};
use windows_sys::core::{GUID, HRESULT};

use super::dispatch::{Object, result};
use crate::machine::Fault;

/// `INetFwPolicy2`.
const IID_POLICY: GUID = GUID::from_u128(0x98325047_c671_4174_8d81_defcd3f03186);
/// `INetFwRule3`, which is about users as well.
const IID_RULE: GUID = GUID::from_u128(0xb21563ff_d696_4222_ab46_4e89b73ab34a);
/// `INetFwPolicy2` up to the function that is called: seven of `IDispatch`, and 21 of its own.
const BEFORE_MODIFY_STATE: usize = 28;

#[repr(C)]
struct PolicyTable {
    before: [usize; BEFORE_MODIFY_STATE],
    modify_state: unsafe extern "system" fn(*mut c_void, *mut i32) -> HRESULT,
}

/// The policy of this machine, by its own interface.
pub(crate) struct Policy(Object);

impl Policy {
    /// To be called by name.
    pub(crate) fn object(&self) -> &Object {
        &self.0
    }
}

/// The policy of this machine.
pub(crate) fn policy() -> Result<Policy, Fault> {
    // SAFETY: the interface is derived from `IDispatch`.
    unsafe { Object::create(&NetFwPolicy2, &IID_POLICY) }.map(Policy)
}

/// A rule that is not in force yet.
pub(crate) fn new_rule() -> Result<Object, Fault> {
    // SAFETY: the interface is derived from `IDispatch`.
    unsafe { Object::create(&NetFwRule, &IID_RULE) }
}

/// A rule by the interface that is about users as well.
pub(crate) fn rule(object: &Object) -> Result<Object, Fault> {
    // SAFETY: the interface is derived from `IDispatch`.
    unsafe { object.query(&IID_RULE) }
}

/// `get_LocalPolicyModifyState`: whether the answer holds in all networks that the machine is in (`S_OK`, otherwise
/// `S_FALSE`), and the answer. By its name, the first would be lost.
pub(crate) fn modify_state(Policy(policy): &Policy) -> Result<(bool, i32), Fault> {
    // SAFETY: whoever has a policy has it from above, by this interface.
    let modify_state = unsafe { (*policy.table::<PolicyTable>()).modify_state };
    let mut state = 0;
    // SAFETY: there is room for a number.
    let everywhere = unsafe { modify_state(policy.as_ptr(), &mut state) };
    result("get_LocalPolicyModifyState", everywhere).map(|()| (everywhere == 0, state))
}
