"""Decides for each line `SECURITY-DESCRIPTOR IDENTIFIERS PRIVILEGES WANTED` what Samba grants: the rights, or `no`.

The descriptor is self-relative, in hexadecimal; identifiers are joined by commas, as privileges are, or there is a dash;
rights are a number.
"""

import sys

from samba import NTSTATUSError, security
from samba.dcerpc.security import SEC_PRIV_SECURITY, SEC_PRIV_TAKE_OWNERSHIP, descriptor, dom_sid, token
from samba.ndr import ndr_unpack

PRIVILEGES = {"security": SEC_PRIV_SECURITY, "take-ownership": SEC_PRIV_TAKE_OWNERSHIP}

for line in sys.stdin:
    sd, sids, privileges, wanted = line.split()
    sids = [dom_sid(sid) for sid in sids.split(",")]
    who = token()
    who.sids = sids
    who.num_sids = len(sids)
    for privilege in privileges.split(","):
        if privilege != "-":
            who.set_privilege(PRIVILEGES[privilege])
    try:
        print(security.access_check(ndr_unpack(descriptor, bytes.fromhex(sd)), who, int(wanted)))
    except NTSTATUSError:
        print("no")
