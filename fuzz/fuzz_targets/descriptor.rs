//! Security descriptors of Windows: no bytes make the reader panic, what is read is written and read back as the same, and a
//! decision over it grants no more than is asked for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pinfold_acl::{Access, Descriptor, Group, Sid, Token, check, most};

fuzz_target!(|bytes: &[u8]| {
    let Ok(descriptor) = Descriptor::parse(bytes) else { return };
    if let Some(written) = descriptor.to_bytes() {
        assert_eq!(Descriptor::parse(&written), Ok(descriptor.clone()));
    }
    let token = Token::new(Sid::USERS).with_group(Group::enabled(Sid::EVERYONE));
    let most = most(&token, &descriptor);
    let all = [Access::GENERIC_READ, Access::GENERIC_WRITE, Access::DELETE, Access::WRITE_DAC, Access::MAXIMUM_ALLOWED];
    for wanted in all {
        let restricted = token.clone().restricted([Sid::EVERYONE]);
        if let Ok(granted) = check(&restricted, &descriptor, wanted) {
            assert!(check(&token, &descriptor, granted).is_ok());
            assert!(most.holds(granted));
        }
    }
});
