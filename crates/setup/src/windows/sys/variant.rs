//! Values as programs hand them to objects and get them back (`VARIANT`, oaidl.h), of the few kinds that the firewall has.
#![allow(unsafe_code, reason = "a variant says by a number what its bytes are")]

use std::ffi::c_void;
use std::ptr::NonNull;

use windows_sys::Win32::Foundation::{SysAllocStringLen, SysFreeString, SysStringLen};

use super::dispatch::{Object, Unknown};

const EMPTY: u16 = 0;
const I2: u16 = 2;
const I4: u16 = 3;
const TEXT: u16 = 8;
const DISPATCH: u16 = 9;
const BOOL: u16 = 11;
const UNKNOWN: u16 = 13;

/// As it lies in memory: 16 bytes, or 24 where addresses have 8.
#[repr(C)]
pub(super) struct Variant {
    kind: u16,
    reserved: [u16; 3],
    value: [usize; 2],
}

/// What is in one.
#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing, or nothing that is understood here.
    Nothing,
    /// `VARIANT_TRUE` or not.
    Flag(bool),
    /// A number.
    Number(i32),
    /// A text; what has none has an empty one.
    Text(String),
    /// An object that is called by name.
    Object(Object),
    /// One that has to be asked for an interface first.
    Unknown(Unknown),
}

impl Variant {
    pub(super) const fn empty() -> Self {
        Self { kind: EMPTY, reserved: [0; 3], value: [0; 2] }
    }

    /// Takes the value in.
    pub(super) fn new(value: Value) -> Self {
        let (kind, value) = match value {
            Value::Nothing => (EMPTY, 0),
            Value::Flag(flag) => (BOOL, if flag { 0xffff } else { 0 }),
            Value::Number(number) => (I4, number as u32 as usize),
            Value::Text(text) => (TEXT, text_of(&text)),
            Value::Object(object) => (DISPATCH, object.into_unknown().into_raw() as usize),
            Value::Unknown(object) => (UNKNOWN, object.into_raw() as usize),
        };
        Self { kind, reserved: [0; 3], value: [value, 0] }
    }

    /// Takes the value out.
    pub(super) fn into_value(mut self) -> Value {
        let [low, _] = self.value;
        match self.kind {
            BOOL => Value::Flag(low as u16 != 0),
            I2 => Value::Number((low as u16 as i16).into()),
            I4 => Value::Number(low as u32 as i32),
            TEXT => Value::Text(self.text()),
            DISPATCH | UNKNOWN => {
                let is_called = self.kind == DISPATCH;
                match self.take_object() {
                    None => Value::Nothing,
                    // SAFETY: its kind says so.
                    Some(object) if is_called => Value::Object(unsafe { Object::of(object) }),
                    Some(object) => Value::Unknown(object),
                }
            }
            _ => Value::Nothing,
        }
    }

    /// The object goes on, and the variant has it no more.
    fn take_object(&mut self) -> Option<Unknown> {
        self.kind = EMPTY;
        let raw = NonNull::new(self.value[0] as *mut c_void)?;
        // SAFETY: whoever filled the variant gave it an object, and its share goes from here.
        Some(unsafe { Unknown::from_raw(raw) })
    }

    fn text(&self) -> String {
        let text = self.value[0] as *const u16;
        // SAFETY: a text of a variant, or null, which has no length.
        let units = unsafe { SysStringLen(text) };
        if text.is_null() {
            return String::new();
        }
        // SAFETY: it has so many units.
        let units = unsafe { std::slice::from_raw_parts(text, units as usize) };
        String::from_utf16_lossy(units)
    }
}

/// A text of the system's kind by its address.
fn text_of(text: &str) -> usize {
    let units: Vec<u16> = text.encode_utf16().collect();
    // SAFETY: there are so many units.
    unsafe { SysAllocStringLen(units.as_ptr(), units.len() as u32) as usize }
}

impl Drop for Variant {
    fn drop(&mut self) {
        match self.kind {
            // SAFETY: the text is the variant's, and nobody else frees it.
            TEXT => unsafe { SysFreeString(self.value[0] as *const u16) },
            DISPATCH | UNKNOWN => drop(self.take_object()),
            _ => {}
        }
    }
}

/// A text for a function that takes one by itself.
pub(super) struct Name(Vec<u16>);

impl Name {
    pub(super) fn new(name: &str) -> Self {
        Self(super::wide::wide(name))
    }

    pub(super) fn as_ptr(&self) -> *const u16 {
        self.0.as_ptr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back() {
        assert!(matches!(Variant::new(Value::Number(-7)).into_value(), Value::Number(-7)));
        assert!(matches!(Variant::new(Value::Flag(true)).into_value(), Value::Flag(true)));
        assert!(matches!(Variant::empty().into_value(), Value::Nothing));
        let Value::Text(text) = Variant::new(Value::Text("Größe 🔥".into())).into_value() else {
            panic!("no text")
        };
        assert_eq!(text, "Größe 🔥");
        assert_eq!(size_of::<Variant>(), 8 + 2 * size_of::<usize>());
    }
}
