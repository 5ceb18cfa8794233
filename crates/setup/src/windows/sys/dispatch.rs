//! Objects that are asked by name (`IDispatch`, oaidl.h): one interface of seven functions for all that the firewall has,
//! for whose own interfaces `windows-sys` has no declarations.
#![allow(unsafe_code, reason = "objects are called through tables of functions")]

use std::ffi::c_void;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null, null_mut};

use windows_sys::Win32::Foundation::RPC_E_CHANGED_MODE;
use windows_sys::Win32::System::Com::{
    CLSCTX_INPROC_SERVER, COINIT_APARTMENTTHREADED, CoCreateInstance, CoInitializeEx, CoUninitialize, DISPPARAMS,
    EXCEPINFO,
};
use windows_sys::core::{GUID, HRESULT};

use super::variant::{Name, Value, Variant};
use crate::machine::Fault;

const IID_DISPATCH: GUID = GUID::from_u128(0x00020400_0000_0000_c000_000000000046);
const IID_ENUM: GUID = GUID::from_u128(0x00020404_0000_0000_c000_000000000046);
const METHOD: u16 = 1;
const PROPERTY_GET: u16 = 2;
const PROPERTY_PUT: u16 = 4;
/// `DISPID_PROPERTYPUT`: how the value of a property is named among arguments.
const PUT: i32 = -3;
/// `DISPID_NEWENUM`.
const NEW_ENUM: i32 = -4;

/// `IUnknown`.
#[repr(C)]
struct UnknownTable {
    query_interface: unsafe extern "system" fn(*mut c_void, *const GUID, *mut *mut c_void) -> HRESULT,
    add_ref: unsafe extern "system" fn(*mut c_void) -> u32,
    release: unsafe extern "system" fn(*mut c_void) -> u32,
}

/// `IDispatch`.
#[repr(C)]
struct DispatchTable {
    unknown: UnknownTable,
    get_type_info_count: usize,
    get_type_info: usize,
    get_ids_of_names:
        unsafe extern "system" fn(*mut c_void, *const GUID, *const *const u16, u32, u32, *mut i32) -> HRESULT,
    invoke: unsafe extern "system" fn(
        *mut c_void,
        i32,
        *const GUID,
        u32,
        u16,
        *const DISPPARAMS,
        *mut Variant,
        *mut EXCEPINFO,
        *mut u32,
    ) -> HRESULT,
}

/// `IEnumVARIANT`.
#[repr(C)]
struct EnumTable {
    unknown: UnknownTable,
    next: unsafe extern "system" fn(*mut c_void, u32, *mut Variant, *mut u32) -> HRESULT,
}

/// What a function of an object gives back.
pub(super) fn result(call: &'static str, result: HRESULT) -> Result<(), Fault> {
    if result >= 0 { Ok(()) } else { Err(Fault { call, code: result as u32 }) }
}

/// That this thread may have objects.
pub(crate) struct Apartment {
    is_ours: bool,
}

impl Apartment {
    pub(crate) fn enter() -> Result<Self, Fault> {
        // SAFETY: takes no addresses.
        let entered = unsafe { CoInitializeEx(null(), COINIT_APARTMENTTHREADED as u32) };
        if entered == RPC_E_CHANGED_MODE {
            // The thread has them already, in another way that does as well.
            return Ok(Self { is_ours: false });
        }
        result("CoInitializeEx", entered).map(|()| Self { is_ours: true })
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        if self.is_ours {
            // SAFETY: it was entered, and objects go before the apartment does.
            unsafe { CoUninitialize() };
        }
    }
}

/// An object, of which we have a share, by any of its interfaces.
#[derive(Debug)]
pub(crate) struct Unknown(NonNull<c_void>);

impl Drop for Unknown {
    fn drop(&mut self) {
        let release = self.functions().release;
        // SAFETY: the share is ours, and is not used any more.
        unsafe { release(self.as_ptr()) };
    }
}

impl Unknown {
    /// # Safety
    /// `raw` is an object, of which the caller gives its share away.
    pub(super) unsafe fn from_raw(raw: NonNull<c_void>) -> Self {
        Self(raw)
    }

    /// Gives the share away.
    pub(super) fn into_raw(self) -> *mut c_void {
        ManuallyDrop::new(self).as_ptr()
    }

    fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr()
    }

    fn given(call: &'static str, raw: *mut c_void) -> Result<Self, Fault> {
        // `E_POINTER`.
        NonNull::new(raw).map(Self).ok_or(Fault { call, code: 0x8000_4003 })
    }

    /// The address of its table of functions.
    fn table<T>(&self) -> *const T {
        // SAFETY: an object begins with the address of its table.
        unsafe { self.0.cast::<*const T>().read() }
    }

    fn functions(&self) -> &UnknownTable {
        // SAFETY: every table begins with these functions, and lives as long as its object.
        unsafe { &*self.table::<UnknownTable>() }
    }

    /// The same object by another of its interfaces.
    fn query(&self, interface: &GUID) -> Result<Self, Fault> {
        let (query, mut raw) = (self.functions().query_interface, null_mut());
        // SAFETY: there is an identifier, and room for an address.
        result("QueryInterface", unsafe { query(self.as_ptr(), interface, &mut raw) })?;
        Self::given("QueryInterface", raw)
    }
}

/// An object by an interface whose table begins as that of `IDispatch` does.
#[derive(Debug)]
pub(crate) struct Object(Unknown);

impl Object {
    /// # Safety
    /// The object is given by such an interface.
    pub(super) unsafe fn of(unknown: Unknown) -> Self {
        Self(unknown)
    }

    pub(super) fn into_unknown(self) -> Unknown {
        self.0
    }

    pub(super) fn as_ptr(&self) -> *mut c_void {
        self.0.as_ptr()
    }

    pub(super) fn table<T>(&self) -> *const T {
        self.0.table()
    }

    /// A new object of a class.
    ///
    /// # Safety
    /// The table of the interface begins as that of `IDispatch` does.
    pub(super) unsafe fn create(class: &GUID, interface: &GUID) -> Result<Self, Fault> {
        let mut raw = null_mut();
        // SAFETY: there are two identifiers, and room for an address.
        let created = unsafe { CoCreateInstance(class, null_mut(), CLSCTX_INPROC_SERVER, interface, &mut raw) };
        result("CoCreateInstance", created)?;
        Unknown::given("CoCreateInstance", raw).map(Self)
    }

    /// The same object by another interface.
    ///
    /// # Safety
    /// The table of the interface begins as that of `IDispatch` does.
    pub(super) unsafe fn query(&self, interface: &GUID) -> Result<Self, Fault> {
        self.0.query(interface).map(Self)
    }

    fn functions(&self) -> &DispatchTable {
        // SAFETY: the table begins with these functions, and lives as long as its object.
        unsafe { &*self.table::<DispatchTable>() }
    }

    fn id_of(&self, name: &str) -> Result<i32, Fault> {
        let (text, get_ids) = (Name::new(name), self.functions().get_ids_of_names);
        let (names, mut id) = ([text.as_ptr()], 0);
        // SAFETY: there is one name with an end, and room for one number.
        let found = unsafe { get_ids(self.as_ptr(), &GUID_NULL, names.as_ptr(), 1, 0, &mut id) };
        result("GetIDsOfNames", found).map(|()| id)
    }

    fn invoke(&self, call: &'static str, id: i32, how: u16, arguments: Vec<Value>) -> Result<Value, Fault> {
        // The last comes first.
        let mut arguments: Vec<Variant> = arguments.into_iter().rev().map(Variant::new).collect();
        let mut put = PUT;
        let parameters = DISPPARAMS {
            rgvarg: arguments.as_mut_ptr().cast(),
            rgdispidNamedArgs: if how == PROPERTY_PUT { &mut put } else { null_mut() },
            cArgs: arguments.len() as u32,
            cNamedArgs: u32::from(how == PROPERTY_PUT),
        };
        let (invoke, mut answer) = (self.functions().invoke, Variant::empty());
        // Details of an exception would have to be freed; its number says enough.
        // SAFETY: there are as many arguments as is said, and room for an answer.
        let invoked =
            unsafe { invoke(self.as_ptr(), id, &GUID_NULL, 0, how, &parameters, &mut answer, null_mut(), null_mut()) };
        result(call, invoked).map(|()| answer.into_value())
    }

    /// Asks for a property.
    pub(crate) fn get(&self, name: &'static str, arguments: Vec<Value>) -> Result<Value, Fault> {
        self.invoke(name, self.id_of(name)?, PROPERTY_GET | METHOD, arguments)
    }

    /// Sets a property.
    pub(crate) fn put(&self, name: &'static str, value: Value) -> Result<(), Fault> {
        self.invoke(name, self.id_of(name)?, PROPERTY_PUT, vec![value]).map(drop)
    }

    /// Calls a method.
    pub(crate) fn call(&self, name: &'static str, arguments: Vec<Value>) -> Result<Value, Fault> {
        self.invoke(name, self.id_of(name)?, METHOD, arguments)
    }

    /// Every object of a collection.
    pub(crate) fn each(&self) -> Result<Vec<Self>, Fault> {
        let Value::Unknown(every) = self.invoke("_NewEnum", NEW_ENUM, PROPERTY_GET | METHOD, Vec::new())? else {
            return Ok(Vec::new());
        };
        let every = every.query(&IID_ENUM)?;
        // SAFETY: the object was asked for the interface with these functions.
        let next = unsafe { (*every.table::<EnumTable>()).next };
        let mut objects = Vec::new();
        loop {
            let (mut one, mut count) = (Variant::empty(), 0);
            // SAFETY: there is room for one value and one number.
            result("IEnumVARIANT::Next", unsafe { next(every.as_ptr(), 1, &mut one, &mut count) })?;
            match one.into_value() {
                _ if count == 0 => return Ok(objects),
                Value::Object(object) => objects.push(object),
                Value::Unknown(unknown) => objects.push(Self(unknown.query(&IID_DISPATCH)?)),
                Value::Nothing | Value::Flag(_) | Value::Number(_) | Value::Text(_) => {}
            }
        }
    }
}

const GUID_NULL: GUID = GUID::from_u128(0);

#[cfg(test)]
mod tests {
    use super::*;

    /// `Scripting.Dictionary`, which is on every Windows and in Wine.
    const DICTIONARY: GUID = GUID::from_u128(0xee09b103_97e0_11cf_978f_00a02463e06f);

    #[test]
    fn objects_are_called_by_name() {
        let _apartment = Apartment::enter().unwrap();
        // SAFETY: every object is derived from this one.
        let dictionary = unsafe { Object::create(&DICTIONARY, &IID_DISPATCH) }.unwrap();
        let text = |text: &str| Value::Text(text.into());
        dictionary.put("CompareMode", Value::Number(1)).unwrap();
        assert!(matches!(dictionary.get("CompareMode", Vec::new()), Ok(Value::Number(1))));
        // The first argument is the key, the second its value.
        dictionary.call("Add", vec![text("key"), text("value")]).unwrap();
        let Ok(Value::Text(found)) = dictionary.get("Item", vec![text("KEY")]) else { panic!("no text") };
        assert_eq!(found, "value");
        assert!(matches!(dictionary.call("Exists", vec![text("other")]), Ok(Value::Flag(false))));
        assert!(matches!(dictionary.get("Count", Vec::new()), Ok(Value::Number(1))));
        // Keys are texts, so that there is no object among them.
        assert!(dictionary.each().unwrap().is_empty());
        assert!(dictionary.call("Sing", Vec::new()).is_err());
        let twice = dictionary.call("Add", vec![text("key"), text("value")]);
        assert!(twice.is_err());
    }
}
