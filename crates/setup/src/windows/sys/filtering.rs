//! The filtering platform (fwpmu.h): what is there of ours, and changing it all at once.
#![allow(unsafe_code, reason = "the platform takes and gives structures by their addresses")]

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use pinfold_acl::Descriptor;
use pinfold_plan::windows::addresses::Address;
use pinfold_plan::windows::filters::{Condition, Filter, Key, PROVIDER, SUBLAYER};
use windows_sys::Win32::Foundation::{
    FWP_E_FILTER_NOT_FOUND, FWP_E_NOT_FOUND, FWP_E_PROVIDER_NOT_FOUND, FWP_E_SUBLAYER_NOT_FOUND, HANDLE,
};
use windows_sys::Win32::NetworkManagement::WindowsFilteringPlatform::{
    FWP_BYTE_ARRAY16, FWP_BYTE_ARRAY16_TYPE, FWP_BYTE_BLOB, FWP_CONDITION_VALUE0, FWP_CONDITION_VALUE0_0,
    FWP_MATCH_EQUAL, FWP_SECURITY_DESCRIPTOR_TYPE, FWP_UINT8, FWP_UINT16, FWP_UINT32, FWP_VALUE0, FWP_VALUE0_0,
    FWPM_ACTION0, FWPM_CONDITION_ALE_USER_ID, FWPM_CONDITION_IP_PROTOCOL, FWPM_CONDITION_IP_REMOTE_ADDRESS,
    FWPM_CONDITION_IP_REMOTE_PORT, FWPM_DISPLAY_DATA0, FWPM_FILTER_CONDITION0, FWPM_FILTER_FLAG_PERSISTENT,
    FWPM_FILTER0, FWPM_PROVIDER_FLAG_PERSISTENT, FWPM_PROVIDER0, FWPM_SESSION0, FWPM_SUBLAYER_FLAG_PERSISTENT,
    FWPM_SUBLAYER0, FwpmEngineClose0, FwpmEngineOpen0, FwpmFilterAdd0, FwpmFilterCreateEnumHandle0,
    FwpmFilterDeleteByKey0, FwpmFilterDestroyEnumHandle0, FwpmFilterEnum0, FwpmFreeMemory0, FwpmProviderAdd0,
    FwpmProviderDeleteByKey0, FwpmProviderGetByKey0, FwpmSubLayerAdd0, FwpmSubLayerDeleteByKey0, FwpmSubLayerGetByKey0,
    FwpmTransactionAbort0, FwpmTransactionBegin0, FwpmTransactionCommit0,
};
use windows_sys::Win32::System::Rpc::RPC_C_AUTHN_WINNT;
use windows_sys::core::GUID;

use super::users::status;
use super::wide::wide;
use crate::machine::{Fault, FilterFound, FiltersFound};
use crate::windows::filter::{action_of, guid_of, guid_of_layer, is_same, key_of, layer_of, number_of};

/// How long another change is waited for, in milliseconds.
const WAIT_MS: u32 = 15_000;
/// Among sublayers, none of which can undo what another blocks.
const SUBLAYER_WEIGHT: u16 = 0x8000;
/// Filters that are read at once.
const AT_ONCE: u32 = 256;

/// What is not there is no error; whether it was.
fn there(call: &'static str, code: u32) -> Result<bool, Fault> {
    let missing = [FWP_E_NOT_FOUND, FWP_E_FILTER_NOT_FOUND, FWP_E_PROVIDER_NOT_FOUND, FWP_E_SUBLAYER_NOT_FOUND];
    if missing.iter().any(|missing| *missing as u32 == code) { Ok(false) } else { status(call, code).map(|()| true) }
}

/// Memory that the platform has given.
struct Given<T>(*mut T);

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: it was given by the platform, and is not used any more.
            unsafe { FwpmFreeMemory0((&raw mut self.0).cast::<*mut c_void>()) };
        }
    }
}

/// The platform, opened.
pub(crate) struct Engine(HANDLE);

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: it was opened, and is not used any more.
        unsafe { FwpmEngineClose0(self.0) };
    }
}

impl Engine {
    pub(crate) fn open() -> Result<Self, Fault> {
        let session = FWPM_SESSION0 { txnWaitTimeoutInMSec: WAIT_MS, ..Default::default() };
        let mut handle = null_mut();
        // SAFETY: there is a session, and room for a handle.
        let opened = unsafe { FwpmEngineOpen0(null(), RPC_C_AUTHN_WINNT, null(), &session, &mut handle) };
        status("FwpmEngineOpen0", opened).map(|()| Self(handle))
    }

    pub(crate) fn found(&self) -> Result<FiltersFound, Fault> {
        Ok(FiltersFound { provider: self.has_provider()?, sublayer: self.has_sublayer()?, filters: self.filters()? })
    }

    fn has_provider(&self) -> Result<bool, Fault> {
        let mut provider = Given(null_mut());
        // SAFETY: there is a key, and room for an address.
        let code = unsafe { FwpmProviderGetByKey0(self.0, &guid_of(PROVIDER), &mut provider.0) };
        there("FwpmProviderGetByKey0", code)
    }

    fn has_sublayer(&self) -> Result<bool, Fault> {
        let mut sublayer = Given(null_mut());
        // SAFETY: there is a key, and room for an address.
        let code = unsafe { FwpmSubLayerGetByKey0(self.0, &guid_of(SUBLAYER), &mut sublayer.0) };
        there("FwpmSubLayerGetByKey0", code)
    }

    /// All filters of our provider or in our sublayer.
    fn filters(&self) -> Result<Vec<FilterFound>, Fault> {
        let every = Every::begin(self)?;
        let mut found = Vec::new();
        loop {
            let (mut some, mut count) = (Given(null_mut()), 0);
            // SAFETY: both handles are open, and there is room for an address and a number.
            let code = unsafe { FwpmFilterEnum0(self.0, every.handle, AT_ONCE, &mut some.0, &mut count) };
            status("FwpmFilterEnum0", code)?;
            for number in 0..count as usize {
                // SAFETY: there are as many addresses as was said.
                let filter = unsafe { some.0.wrapping_add(number).read() };
                // SAFETY: each is that of a filter, until the memory goes.
                let filter = unsafe { &*filter };
                // SAFETY: what a filter of the platform names is there as long as it is.
                found.extend(unsafe { found_of(filter) });
            }
            if count < AT_ONCE {
                return Ok(found);
            }
        }
    }

    /// Begins a change, which counts when it is committed and not at all otherwise.
    pub(crate) fn begin(&self) -> Result<Change<'_>, Fault> {
        // SAFETY: the handle is open.
        status("FwpmTransactionBegin0", unsafe { FwpmTransactionBegin0(self.0, 0) })?;
        Ok(Change { engine: self, is_open: true })
    }
}

/// A walk over all filters.
struct Every<'a> {
    engine: &'a Engine,
    handle: HANDLE,
}

impl<'a> Every<'a> {
    fn begin(engine: &'a Engine) -> Result<Self, Fault> {
        let mut handle = null_mut();
        // SAFETY: without a template all are meant; there is room for a handle.
        let code = unsafe { FwpmFilterCreateEnumHandle0(engine.0, null(), &mut handle) };
        status("FwpmFilterCreateEnumHandle0", code).map(|()| Self { engine, handle })
    }
}

impl Drop for Every<'_> {
    fn drop(&mut self) {
        // SAFETY: it was begun, and is not used any more.
        unsafe { FwpmFilterDestroyEnumHandle0(self.engine.0, self.handle) };
    }
}

/// A change that is not committed yet.
pub(crate) struct Change<'a> {
    engine: &'a Engine,
    is_open: bool,
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        if self.is_open {
            // SAFETY: it was begun, and is neither committed nor aborted yet.
            unsafe { FwpmTransactionAbort0(self.engine.0) };
        }
    }
}

impl Change<'_> {
    pub(crate) fn commit(mut self) -> Result<(), Fault> {
        // SAFETY: it was begun.
        status("FwpmTransactionCommit0", unsafe { FwpmTransactionCommit0(self.engine.0) })?;
        self.is_open = false;
        Ok(())
    }

    /// Filters first, as long as there are any the others cannot go.
    pub(crate) fn remove_all(&self) -> Result<(), Fault> {
        for FilterFound { key, .. } in self.engine.filters()? {
            // SAFETY: there is a key.
            let code = unsafe { FwpmFilterDeleteByKey0(self.engine.0, &guid_of(key)) };
            there("FwpmFilterDeleteByKey0", code)?;
        }
        // SAFETY: there is a key.
        let code = unsafe { FwpmSubLayerDeleteByKey0(self.engine.0, &guid_of(SUBLAYER)) };
        there("FwpmSubLayerDeleteByKey0", code)?;
        // SAFETY: there is a key.
        let code = unsafe { FwpmProviderDeleteByKey0(self.engine.0, &guid_of(PROVIDER)) };
        there("FwpmProviderDeleteByKey0", code).map(drop)
    }

    pub(crate) fn add_all(&self, filters: &[Filter]) -> Result<(), Fault> {
        let mut name = wide("Pinfold sandbox");
        let display = FWPM_DISPLAY_DATA0 { name: name.as_mut_ptr(), description: null_mut() };
        let provider = FWPM_PROVIDER0 {
            providerKey: guid_of(PROVIDER),
            displayData: display,
            flags: FWPM_PROVIDER_FLAG_PERSISTENT,
            ..Default::default()
        };
        // SAFETY: there is a provider whose name has an end.
        status("FwpmProviderAdd0", unsafe { FwpmProviderAdd0(self.engine.0, &provider, null_mut()) })?;
        let mut provider = guid_of(PROVIDER);
        let sublayer = FWPM_SUBLAYER0 {
            subLayerKey: guid_of(SUBLAYER),
            displayData: display,
            flags: FWPM_SUBLAYER_FLAG_PERSISTENT,
            providerKey: &mut provider,
            weight: SUBLAYER_WEIGHT,
            ..Default::default()
        };
        // SAFETY: there is a sublayer whose name has an end, with the key of a provider.
        status("FwpmSubLayerAdd0", unsafe { FwpmSubLayerAdd0(self.engine.0, &sublayer, null_mut()) })?;
        filters.iter().try_for_each(|filter| self.add(filter))
    }

    fn add(&self, filter: &Filter) -> Result<(), Fault> {
        let (mut name, mut provider) = (wide(&filter.name), guid_of(PROVIDER));
        let mut values: Vec<Stored> = filter.conditions.iter().map(Stored::new).collect();
        let mut conditions: Vec<FWPM_FILTER_CONDITION0> = values.iter_mut().map(Stored::condition).collect();
        let filter = FWPM_FILTER0 {
            filterKey: guid_of(filter.key),
            displayData: FWPM_DISPLAY_DATA0 { name: name.as_mut_ptr(), description: null_mut() },
            flags: FWPM_FILTER_FLAG_PERSISTENT,
            providerKey: &mut provider,
            layerKey: guid_of_layer(filter.layer),
            subLayerKey: guid_of(SUBLAYER),
            weight: FWP_VALUE0 { r#type: FWP_UINT8, Anonymous: FWP_VALUE0_0 { uint8: filter.weight } },
            numFilterConditions: conditions.len() as u32,
            filterCondition: conditions.as_mut_ptr(),
            action: FWPM_ACTION0 { r#type: number_of(filter.action), ..Default::default() },
            ..Default::default()
        };
        // SAFETY: what the filter names, texts with ends and so many conditions with their values, outlives the call.
        status("FwpmFilterAdd0", unsafe { FwpmFilterAdd0(self.engine.0, &filter, null_mut(), null_mut()) })
    }
}

/// The value of a condition where the platform finds it.
enum Stored {
    Blob(Vec<u8>, FWP_BYTE_BLOB),
    Long(FWP_BYTE_ARRAY16),
    Short(GUID, i32, u32),
}

impl Stored {
    fn new(condition: &Condition) -> Self {
        match condition {
            Condition::User(descriptor) => {
                let blob = FWP_BYTE_BLOB { size: descriptor.len() as u32, data: null_mut() };
                Self::Blob(descriptor.clone(), blob)
            }
            Condition::Protocol(number) => Self::Short(FWPM_CONDITION_IP_PROTOCOL, FWP_UINT8, (*number).into()),
            Condition::RemotePort(port) => Self::Short(FWPM_CONDITION_IP_REMOTE_PORT, FWP_UINT16, (*port).into()),
            // In the order of the machine.
            Condition::RemoteAddress(Address::V4(bits)) => {
                Self::Short(FWPM_CONDITION_IP_REMOTE_ADDRESS, FWP_UINT32, *bits)
            }
            // In that of the network.
            Condition::RemoteAddress(Address::V6(bits)) => {
                Self::Long(FWP_BYTE_ARRAY16 { byteArray16: bits.to_be_bytes() })
            }
        }
    }

    fn condition(&mut self) -> FWPM_FILTER_CONDITION0 {
        let (field, kind, value) = match self {
            Self::Blob(bytes, blob) => {
                blob.data = bytes.as_mut_ptr();
                let value = FWP_CONDITION_VALUE0_0 { sd: blob };
                (FWPM_CONDITION_ALE_USER_ID, FWP_SECURITY_DESCRIPTOR_TYPE, value)
            }
            Self::Long(bytes) => {
                let value = FWP_CONDITION_VALUE0_0 { byteArray16: bytes };
                (FWPM_CONDITION_IP_REMOTE_ADDRESS, FWP_BYTE_ARRAY16_TYPE, value)
            }
            // Shorter numbers are the first bytes of longer ones, as every Windows puts the lowest first.
            Self::Short(field, kind, number) => (*field, *kind, FWP_CONDITION_VALUE0_0 { uint32: *number }),
        };
        FWPM_FILTER_CONDITION0 {
            fieldKey: field,
            matchType: FWP_MATCH_EQUAL,
            conditionValue: FWP_CONDITION_VALUE0 { r#type: kind, Anonymous: value },
        }
    }
}

/// A filter that is there, if it is of our provider or in our sublayer.
///
/// # Safety
/// What the filter names is there.
unsafe fn found_of(filter: &FWPM_FILTER0) -> Option<FilterFound> {
    let provider = (!filter.providerKey.is_null()).then_some(filter.providerKey);
    // SAFETY: by the caller's promise it is there.
    let is_of_ours = provider.is_some_and(|key| is_same(unsafe { &*key }, &guid_of(PROVIDER)));
    let is_in_ours = is_same(&filter.subLayerKey, &guid_of(SUBLAYER));
    if !is_of_ours && !is_in_ours {
        return None;
    }
    let is_whole = is_of_ours && is_in_ours && filter.flags & FWPM_FILTER_FLAG_PERSISTENT != 0;
    let key = key_of(&filter.filterKey);
    // SAFETY: by the caller's promise.
    let read = unsafe { filter_of(key, filter) };
    Some(FilterFound { key, filter: read.filter(|_| is_whole) })
}

/// What a filter says, if one of ours could say it.
///
/// # Safety
/// What the filter names is there.
unsafe fn filter_of(key: Key, filter: &FWPM_FILTER0) -> Option<Filter> {
    if filter.weight.r#type != FWP_UINT8 {
        return None;
    }
    // SAFETY: its kind says that it is this.
    let weight = unsafe { filter.weight.Anonymous.uint8 };
    let mut conditions = Vec::new();
    for number in 0..filter.numFilterConditions as usize {
        // SAFETY: by the caller's promise there are so many.
        let condition = unsafe { &*filter.filterCondition.wrapping_add(number) };
        // SAFETY: by the caller's promise.
        conditions.push(unsafe { condition_of(condition) }?);
    }
    // SAFETY: by the caller's promise; it has an end.
    let name = unsafe { super::wide::text_at(filter.displayData.name) };
    let (layer, action) = (layer_of(&filter.layerKey)?, action_of(filter.action.r#type)?);
    Some(Filter { key, name, layer, conditions, action, weight })
}

/// # Safety
/// What the condition names is there.
unsafe fn condition_of(condition: &FWPM_FILTER_CONDITION0) -> Option<Condition> {
    if condition.matchType != FWP_MATCH_EQUAL {
        return None;
    }
    let value = &condition.conditionValue;
    let is = |field: &GUID, kind| is_same(&condition.fieldKey, field) && value.r#type == kind;
    if is(&FWPM_CONDITION_ALE_USER_ID, FWP_SECURITY_DESCRIPTOR_TYPE) {
        // SAFETY: its kind says that it is this.
        let blob = unsafe { value.Anonymous.sd };
        // SAFETY: by the caller's promise it is there.
        let blob = unsafe { &*blob };
        // SAFETY: by the caller's promise there are so many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(blob.data, blob.size as usize) };
        // The platform may have moved its parts.
        return Descriptor::parse(bytes).ok()?.to_bytes().map(Condition::User);
    }
    if is(&FWPM_CONDITION_IP_PROTOCOL, FWP_UINT8) {
        // SAFETY: its kind says that it is this.
        return Some(Condition::Protocol(unsafe { value.Anonymous.uint8 }));
    }
    if is(&FWPM_CONDITION_IP_REMOTE_PORT, FWP_UINT16) {
        // SAFETY: its kind says that it is this.
        return Some(Condition::RemotePort(unsafe { value.Anonymous.uint16 }));
    }
    if is(&FWPM_CONDITION_IP_REMOTE_ADDRESS, FWP_UINT32) {
        // SAFETY: its kind says that it is this.
        return Some(Condition::RemoteAddress(Address::V4(unsafe { value.Anonymous.uint32 })));
    }
    if is(&FWPM_CONDITION_IP_REMOTE_ADDRESS, FWP_BYTE_ARRAY16_TYPE) {
        // SAFETY: its kind says that it is this.
        let bytes = unsafe { value.Anonymous.byteArray16 };
        // SAFETY: by the caller's promise it is there.
        let bytes = unsafe { &*bytes };
        return Some(Condition::RemoteAddress(Address::V6(u128::from_be_bytes(bytes.byteArray16))));
    }
    None
}

#[cfg(test)]
mod tests {
    use pinfold_acl::Sid;
    use pinfold_plan::windows::filters::filters;

    use super::*;

    /// Without the platform: what it would be given is read as it would be given back.
    #[test]
    fn conditions_come_back() {
        for filter in filters(&Sid::new(5, &[21, 1, 2, 3, 1005]).unwrap(), Some(3128)) {
            let mut stored: Vec<Stored> = filter.conditions.iter().map(Stored::new).collect();
            let read = stored.iter_mut().map(|stored| {
                let condition = stored.condition();
                // SAFETY: what it names is in `stored`.
                unsafe { condition_of(&condition) }
            });
            assert_eq!(read.collect::<Option<Vec<_>>>(), Some(filter.conditions.clone()));
        }
    }
}
