//! Binary forms: what is written is read back, and nothing that is read makes a panic.

use pinfold_acl::{Access, Ace, AceKind, Acl, Descriptor, Inherit, Label, Level, Sid};
use proptest::prelude::*;

fn sid() -> impl Strategy<Value = Sid> {
    (0..1_u64 << 48, proptest::collection::vec(any::<u32>(), 0..=15))
        .prop_map(|(authority, parts)| Sid::new(authority, &parts).expect("small enough"))
}

fn ace() -> impl Strategy<Value = Ace> {
    (any::<bool>(), sid(), any::<u32>(), any::<[bool; 5]>()).prop_map(|(allow, sid, access, flags)| {
        let [files, directories, not_further, only, inherited] = flags;
        let inherit = Inherit { files, directories, not_further, only, inherited };
        Ace { kind: if allow { AceKind::Allow } else { AceKind::Deny }, sid, access: Access(access), inherit }
    })
}

fn descriptor() -> impl Strategy<Value = Descriptor> {
    let label = (any::<u32>(), any::<[bool; 3]>()).prop_map(|(level, [no_write_up, no_read_up, no_execute_up])| {
        Label { level: Level(level), no_write_up, no_read_up, no_execute_up, inherit: Inherit::ALL }
    });
    let acl = proptest::collection::vec(ace(), 0..20).prop_map(Acl);
    (sid(), sid(), proptest::option::of(acl), proptest::option::of(label), any::<bool>())
        .prop_map(|(owner, group, dacl, label, protected)| Descriptor { owner, group, dacl, label, protected })
}

proptest! {
    #[test]
    fn descriptors_are_read_back(descriptor in descriptor()) {
        let bytes = descriptor.to_bytes().expect("small enough");
        prop_assert_eq!(Descriptor::parse(&bytes), Ok(descriptor.clone()));
        for length in 0..bytes.len() {
            // An owner alone may be whole already; whatever is read then is not more than what is there.
            let _ = Descriptor::parse(&bytes[..length]);
        }
        if let Some(acl) = &descriptor.dacl {
            prop_assert_eq!(acl.to_bytes().map(|bytes| bytes.len()), Some(acl.size()));
        }
    }

    #[test]
    fn noise_is_an_error_or_a_descriptor(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(descriptor) = Descriptor::parse(&bytes) {
            let again = descriptor.to_bytes().expect("no larger than what was read");
            prop_assert_eq!(Descriptor::parse(&again), Ok(descriptor));
        }
        let _ = Acl::parse(&bytes);
    }
}

/// `O:BAG:BAD:P(D;;DC;;;WD)(A;OICI;FA;;;BA)S:(ML;;NW;;;LW)`, byte by byte after MS-DTYP.
#[test]
fn a_descriptor_is_laid_out_as_specified() {
    let entries = [
        Ace::deny(Sid::EVERYONE, Access::FILE_WRITE_DATA, Inherit::NOTHING),
        Ace::allow(Sid::ADMINISTRATORS, Access::FILE_ALL, Inherit::ALL),
    ];
    let label = Label { level: Level::LOW, ..Label::DEFAULT };
    let descriptor = Descriptor {
        dacl: Some(Acl::canonical(entries)),
        label: Some(label),
        protected: true,
        ..Descriptor::new(Sid::ADMINISTRATORS, Sid::ADMINISTRATORS, None)
    };
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0];
    let expected = [
        [1, 0, 0x14, 0x90, 20, 0, 0, 0, 36, 0, 0, 0, 52, 0, 0, 0, 80, 0, 0, 0].as_slice(),
        &administrators,
        &administrators,
        &[2, 0, 28, 0, 1, 0, 0, 0],
        &[0x11, 0, 20, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 16, 0, 16, 0, 0],
        &[2, 0, 52, 0, 2, 0, 0, 0],
        &[1, 0, 20, 0, 2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
        &[0, 3, 24, 0, 0xff, 1, 0x1f, 0],
        &administrators,
    ];
    assert_eq!(descriptor.to_bytes(), Some(expected.concat()));
}

#[test]
fn a_list_that_is_too_large_has_no_bytes() {
    let ace = Ace::allow(Sid::EVERYONE, Access::FILE_ALL, Inherit::ALL);
    assert!(Acl(vec![ace.clone(); 3276]).to_bytes().is_some());
    assert_eq!(Acl(vec![ace; 3277]).to_bytes(), None);
}

#[test]
fn an_entry_of_another_kind_is_an_error() {
    let acl = Acl(vec![Ace::allow(Sid::EVERYONE, Access::FILE_ALL, Inherit::ALL)]);
    let mut bytes = acl.to_bytes().expect("a small list");
    bytes[8] = 9;
    assert_eq!(
        Acl::parse(&bytes).map_err(|error| error.to_string()),
        Err("not an entry that allows or denies, at byte 28".into())
    );
}
