import array, ctypes, errno, fcntl, mmap, os, platform, random, resource, signal, socket, stat, struct, subprocess, sys, threading, time

E = os.environ
libc = ctypes.CDLL(None, use_errno=True)
# By name: (x86_64, aarch64)
NUMBERS = {
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "clone": (56, 220),
    "clone3": (435, 435), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "open_tree": (428, 428),
    "fsopen": (430, 430), "mount_setattr": (442, 442), "ioprio_set": (251, 30), "ioprio_get": (252, 31),
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "syslog": (103, 116), "kcmp": (312, 272),
    "memfd_create": (319, 279), "pivot_root": (155, 41), "finit_module": (313, 273), "mknodat": (259, 33),
    "fanotify_init": (300, 262), "quotactl": (179, 60),
}


def call(name, *arguments):
    """A raw system call. Raises OSError."""
    number = NUMBERS[name][0 if platform.machine() == "x86_64" else 1]
    wrapped = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    result = libc.syscall(ctypes.c_long(number), *wrapped)
    if result < 0:
        raise OSError(ctypes.get_errno(), name)
    return result


def do(function, *arguments):
    """A function of the C library. Raises OSError."""
    result = function(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), function.__name__)
    return result


def attempt(function, *arguments, **named):
    """Tries one of several ways; a way that fails is no reason to give up."""
    try:
        return function(*arguments, **named)
    except Exception as problem:
        print(problem, file=sys.stderr)


def loot(data):
    """Brings something home."""
    with open(E["LOOT"], "ab") as home:
        home.write(data if isinstance(data, bytes) else str(data).encode())


def steal(path):
    """Reads a file and brings it home."""
    with open(path, "rb") as secret:
        loot(secret.read(1 << 20))


if __name__ == "__main__" and "RAN" in E and "SECRET" not in E:
    attempt(open, E["RAN"], "w")
