# Becomes a command around which somebody listens to system calls already, as a container or another sandbox may.
import ctypes, os, struct, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
instructions = struct.pack("HBBI", 6, 0, 0, 0x7fff0000)
filter = ctypes.create_string_buffer(instructions)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
number = 317 if os.uname().machine == "x86_64" else 277
listener = libc.syscall(number, 1, 8, ctypes.byref(Program(1, ctypes.addressof(filter))))
assert listener >= 0, os.strerror(ctypes.get_errno())
sys.exit(subprocess.run(sys.argv[1:]).returncode)
