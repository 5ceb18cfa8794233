//! Values and keys below `HKEY_LOCAL_MACHINE`.
#![allow(unsafe_code, reason = "the registry takes and gives values by their addresses")]

use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_LOCAL_MACHINE, KEY_QUERY_VALUE, KEY_WOW64_64KEY, REG_DWORD, RRF_RT_REG_DWORD, RRF_RT_REG_SZ,
    RegCloseKey, RegDeleteKeyValueW, RegDeleteKeyW, RegGetValueW, RegOpenKeyExW, RegQueryInfoKeyW, RegSetKeyValueW,
};

use super::users::status;
use super::wide::wide;
use crate::machine::Fault;

/// More than names of kinds have.
const TEXT_UNITS: usize = 64;

/// What is not there is no error; whether it was.
fn found(call: &'static str, code: u32) -> Result<bool, Fault> {
    match code {
        ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND => Ok(false),
        code => status(call, code).map(|()| true),
    }
}

pub(crate) fn number(key: &str, name: &str) -> Result<Option<u32>, Fault> {
    let (key, name) = (wide(key), wide(name));
    let (mut value, mut bytes) = (0_u32, size_of::<u32>() as u32);
    // SAFETY: both texts have ends, and there is room for a number of so many bytes.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_DWORD,
            null_mut(),
            (&raw mut value).cast(),
            &mut bytes,
        )
    };
    Ok(found("RegGetValueW", code)?.then_some(value))
}

/// A text of up to some dozens of characters.
pub(crate) fn text(key: &str, name: &str) -> Result<Option<String>, Fault> {
    let (key, name) = (wide(key), wide(name));
    let mut value = [0_u16; TEXT_UNITS];
    let mut bytes = size_of_val(&value) as u32;
    // SAFETY: both texts have ends, and there is room for so many bytes.
    let code = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_SZ,
            null_mut(),
            value.as_mut_ptr().cast(),
            &mut bytes,
        )
    };
    let is_there = found("RegGetValueW", code)?;
    let text = value.split(|unit| *unit == 0).next().map(String::from_utf16_lossy);
    Ok(text.filter(|_| is_there))
}

pub(crate) fn set_number(key: &str, name: &str, value: u32) -> Result<(), Fault> {
    let (key, name) = (wide(key), wide(name));
    let bytes = size_of::<u32>() as u32;
    // SAFETY: both texts have ends, and the value has so many bytes.
    status("RegSetKeyValueW", unsafe {
        RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.as_ptr(), name.as_ptr(), REG_DWORD, (&raw const value).cast(), bytes)
    })
}

pub(crate) fn remove_value(key: &str, name: &str) -> Result<(), Fault> {
    let (key, name) = (wide(key), wide(name));
    // SAFETY: both texts have ends.
    let code = unsafe { RegDeleteKeyValueW(HKEY_LOCAL_MACHINE, key.as_ptr(), name.as_ptr()) };
    found("RegDeleteKeyValueW", code).map(drop)
}

/// A key, opened to look into it.
struct Key(HKEY);

impl Key {
    fn open(path: &str) -> Result<Option<Self>, Fault> {
        let path = wide(path);
        let mut key = null_mut();
        // SAFETY: the path has an end, and there is room for a handle.
        let code =
            unsafe { RegOpenKeyExW(HKEY_LOCAL_MACHINE, path.as_ptr(), 0, KEY_QUERY_VALUE | KEY_WOW64_64KEY, &mut key) };
        Ok(found("RegOpenKeyExW", code)?.then_some(Self(key)))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it was opened, and is not used any more.
        unsafe { RegCloseKey(self.0) };
    }
}

pub(crate) fn exists(key: &str) -> Result<bool, Fault> {
    Ok(Key::open(key)?.is_some())
}

/// Whether a key is there that has neither keys nor values.
pub(crate) fn is_empty(key: &str) -> Result<bool, Fault> {
    let Some(key) = Key::open(key)? else { return Ok(false) };
    let (mut keys, mut values) = (0, 0);
    // SAFETY: the key is open, there is room for two numbers, and the rest is not asked for.
    status("RegQueryInfoKeyW", unsafe {
        RegQueryInfoKeyW(
            key.0,
            null_mut(),
            null_mut(),
            null(),
            &mut keys,
            null_mut(),
            null_mut(),
            &mut values,
            null_mut(),
            null_mut(),
            null_mut(),
            null_mut(),
        )
    })?;
    Ok((keys, values) == (0, 0))
}

pub(crate) fn remove_key(key: &str) -> Result<(), Fault> {
    let key = wide(key);
    // SAFETY: the path has an end.
    found("RegDeleteKeyW", unsafe { RegDeleteKeyW(HKEY_LOCAL_MACHINE, key.as_ptr()) }).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_kind() {
        let kind = text(r"SYSTEM\CurrentControlSet\Control\ProductOptions", "ProductType").unwrap();
        assert!(kind.is_some_and(|kind| ["WinNT", "ServerNT", "LanmanNT"].contains(&kind.as_str())));
        assert_eq!(text(r"SYSTEM\CurrentControlSet\Control\ProductOptions", "Nothing"), Ok(None));
    }

    #[test]
    fn values_come_and_go_with_their_keys() {
        let key = r"SOFTWARE\Pinfold test of the registry\Inner";
        assert_eq!((number(key, "a"), exists(key), is_empty(key)), (Ok(None), Ok(false), Ok(false)));
        set_number(key, "a", 7).unwrap();
        assert_eq!((number(key, "a"), exists(key), is_empty(key)), (Ok(Some(7)), Ok(true), Ok(false)));
        remove_value(key, "a").unwrap();
        remove_value(key, "a").unwrap();
        assert_eq!((number(key, "a"), is_empty(key)), (Ok(None), Ok(true)));
        remove_key(key).unwrap();
        remove_key(r"SOFTWARE\Pinfold test of the registry").unwrap();
        remove_key(key).unwrap();
        assert_eq!(exists(r"SOFTWARE\Pinfold test of the registry"), Ok(false));
    }
}
