//! Values in the registry of the user (`HKEY_CURRENT_USER`).

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_CURRENT_USER, KEY_QUERY_VALUE, REG_SZ, RRF_RT_REG_SZ, RegCloseKey, RegDeleteKeyValueW, RegEnumValueW,
    RegGetValueW, RegOpenKeyExW, RegSetKeyValueW,
};

use super::super::{check_code, wide};

/// The longest name of a value, with its end.
const LONGEST: usize = 16_384;

/// Sets a text.
pub fn set_value(key: &str, name: &str, text: &str) -> io::Result<()> {
    let (key, name, text) = (wide(key)?, wide(name)?, wide(text)?);
    let length = size_of_val(text.as_slice()) as u32;
    // SAFETY: all texts have their ends, and the last is as long as is said.
    check_code(unsafe {
        RegSetKeyValueW(HKEY_CURRENT_USER, key.as_ptr(), name.as_ptr(), REG_SZ, text.as_ptr().cast(), length)
    })
}

/// Whether there is a text of this name.
pub fn has_value(key: &str, name: &str) -> bool {
    let (Ok(key), Ok(name)) = (wide(key), wide(name)) else { return false };
    let mut length = 0_u32;
    // SAFETY: both texts have their ends, `length` is there to be written, and what may be missing is.
    let code = unsafe {
        RegGetValueW(
            HKEY_CURRENT_USER,
            key.as_ptr(),
            name.as_ptr(),
            RRF_RT_REG_SZ,
            null_mut(),
            null_mut(),
            &raw mut length,
        )
    };
    matches!(code, ERROR_SUCCESS | ERROR_MORE_DATA)
}

/// Removes it.
pub fn remove_value(key: &str, name: &str) -> io::Result<()> {
    let (key, name) = (wide(key)?, wide(name)?);
    // SAFETY: both texts have their ends.
    check_code(unsafe { RegDeleteKeyValueW(HKEY_CURRENT_USER, key.as_ptr(), name.as_ptr()) })
}

/// The names of all values of a key.
pub fn value_names(key: &str) -> io::Result<Vec<String>> {
    let key = Key::open(key)?;
    let mut names = Vec::new();
    let mut buffer = vec![0_u16; LONGEST];
    loop {
        let mut length = LONGEST as u32;
        let at = names.len() as u32;
        // SAFETY: the buffer is as long as is said, and what may be missing is.
        let code = unsafe {
            RegEnumValueW(key.0, at, buffer.as_mut_ptr(), &raw mut length, null(), null_mut(), null_mut(), null_mut())
        };
        if code != ERROR_SUCCESS {
            return Ok(names);
        }
        names.push(String::from_utf16_lossy(buffer.get(..length as usize).unwrap_or_default()));
    }
}

/// An open key.
struct Key(HKEY);

impl Key {
    fn open(key: &str) -> io::Result<Self> {
        let (key, mut opened) = (wide(key)?, null_mut());
        // SAFETY: the text has its end, and `opened` is there to be written.
        check_code(unsafe { RegOpenKeyExW(HKEY_CURRENT_USER, key.as_ptr(), 0, KEY_QUERY_VALUE, &raw mut opened) })?;
        Ok(Self(opened))
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it is open, and nobody uses it after this.
        unsafe { RegCloseKey(self.0) };
    }
}
