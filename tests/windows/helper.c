/* What the tests run inside and around runs, as neither Wine nor Windows has a program that says exactly what it was given.
 * Its own arguments come from the C library, whose reading of a command line is not that of Rust. */
#include <winsock2.h>
#include <windows.h>
#include <sddl.h>
#include <shellapi.h>
#include <wincrypt.h>
#include <ws2tcpip.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void out(const char *bytes, size_t count)
{
    DWORD written;
    HANDLE stdout_handle = GetStdHandle(STD_OUTPUT_HANDLE);
    while (count && WriteFile(stdout_handle, bytes, count, &written, NULL))
        bytes += written, count -= written;
}

static void line(const wchar_t *text)
{
    char bytes[1 << 16];
    int count = WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, sizeof bytes, NULL, NULL);
    bytes[count - 1] = '\n';
    out(bytes, count);
}

static void leave(const wchar_t *file, const char *text)
{
    DWORD written;
    HANDLE handle = CreateFileW(file, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    WriteFile(handle, text, strlen(text), &written, NULL);
    CloseHandle(handle);
}

/* What is left of the command line after some words that need no quotes. */
static wchar_t *after(int words)
{
    wchar_t *at = GetCommandLineW();
    int quoted = 0;
    for (; words; at++) {
        if (*at == L'"')
            quoted = !quoted;
        else if (*at == L' ' && !quoted && at[1] != L' ')
            words--;
    }
    return at;
}

static HANDLE start(wchar_t *line, DWORD flags)
{
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &startup, &process))
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

/* Waits for a process, and leaves a line each time the modes of the console become other ones. */
static void watch_modes(HANDLE process, const wchar_t *file)
{
    char text[1 << 12] = "";
    size_t length = 0;
    DWORD last[2] = {-1, -1}, now[2] = {0, 0};
    int over;
    do {
        over = WaitForSingleObject(process, 20) != WAIT_TIMEOUT;
        if (!GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), now)
            || !GetConsoleMode(GetStdHandle(STD_OUTPUT_HANDLE), now + 1))
            return;
        if (memcmp(last, now, sizeof now) && length < sizeof text - 32)
            length += snprintf(text + length, 32, "%lu %lu\n", now[0], now[1]);
        memcpy(last, now, sizeof now);
    } while (!over);
    leave(file, text);
}

/* at STATE PROGRAM…: runs a program that keeps its things there, and leaves its whole exit code in STATE\code; at a console,
 * the modes that this had in STATE\modes. */
static int at(wchar_t *state)
{
    wchar_t path[4096];
    char text[16];
    DWORD code = 4294967295u;
    const wchar_t *const places[][2] = {
        {L"LOCALAPPDATA", L"%ls\\local"}, {L"APPDATA", L"%ls\\roaming"}, {L"USERPROFILE", L"%ls\\home"}};
    for (int i = 0; i < 3; i++) {
        swprintf(path, 4096, places[i][1], state);
        CreateDirectoryW(path, NULL);
        SetEnvironmentVariableW(places[i][0], path);
    }
    HANDLE process = start(after(3), 0);
    if (!process)
        return 99;
    swprintf(path, 4096, L"%ls\\modes", state);
    watch_modes(process, path);
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    snprintf(text, sizeof text, "%lu", code);
    swprintf(path, 4096, L"%ls\\code", state);
    leave(path, text);
    return code;
}

/* pass: what comes in goes out. */
static int pass(void)
{
    static char piece[1 << 16];
    DWORD count;
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), piece, sizeof piece, &count, NULL) && count)
        out(piece, count);
    return 0;
}

/* late MILLISECONDS FILE: leaves a file, but not at once. */
static int late(wchar_t **words)
{
    Sleep(wcstoul(words[0], NULL, 10));
    leave(words[1], "late");
    return 0;
}

/* with-late MILLISECONDS FILE [wait]: starts `late` as much apart from itself as it can. */
static int with_late(int count, wchar_t **words)
{
    wchar_t self[4096], text[8192], began[4096];
    GetModuleFileNameW(NULL, self, 4096);
    swprintf(text, 8192, L"\"%ls\" late %ls \"%ls\"", self, words[0], words[1]);
    HANDLE process = start(text, DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP | CREATE_BREAKAWAY_FROM_JOB);
    if (!process)
        process = start(text, DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP);
    if (!process)
        return 98;
    swprintf(began, 4096, L"%ls.began", words[1]);
    leave(began, "began");
    if (count > 2)
        Sleep(INFINITE);
    return 0;
}

/* seal ACCOUNT…: who the user is, and for each account a password as `pinfold setup` seals it for him, a line each. */
static int seal(int count, wchar_t **accounts)
{
    union {
        TOKEN_USER user;
        char bytes[256];
    } who;
    HANDLE token;
    DWORD size;
    wchar_t *sid;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)
        || !GetTokenInformation(token, TokenUser, &who, sizeof who, &size)
        || !ConvertSidToStringSidW(who.user.User.Sid, &sid))
        return 96;
    line(sid);
    for (int i = 0; i < count; i++) {
        char both[256];
        wchar_t text[4096];
        DATA_BLOB open = {snprintf(both, sizeof both, "%ls\nnobody logs on", accounts[i]), (BYTE *)both}, sealed;
        if (!CryptProtectData(&open, NULL, NULL, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, &sealed))
            return 95;
        size = sizeof text / sizeof *text;
        CryptBinaryToStringW(sealed.pbData, sealed.cbData, CRYPT_STRING_BASE64 | CRYPT_STRING_NOCRLF, text, &size);
        line(text);
    }
    return 0;
}

/* on-console PROGRAM…: a program whose streams are the console, which Wine does not give to whoever is started on one. */
static int on_console(void)
{
    SECURITY_ATTRIBUTES inherited = {sizeof inherited, NULL, TRUE};
    const wchar_t *const names[] = {L"CONIN$", L"CONOUT$", L"CONOUT$"};
    for (int i = 0; i < 3; i++) {
        HANDLE handle = CreateFileW(names[i], GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                                    &inherited, OPEN_EXISTING, 0, NULL);
        if (handle == INVALID_HANDLE_VALUE)
            return 92;
        SetStdHandle(STD_INPUT_HANDLE - i, handle);
    }
    DWORD code = 91;
    HANDLE process = start(after(2), 0);
    /* It is not meant by a Ctrl-C. */
    SetConsoleCtrlHandler(NULL, TRUE);
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    return code;
}

/* size: columns and rows of the console. */
static int size(void)
{
    char text[64];
    CONSOLE_SCREEN_BUFFER_INFO info = {0};
    GetConsoleScreenBufferInfo(GetStdHandle(STD_OUTPUT_HANDLE), &info);
    out(text, snprintf(text, sizeof text, "%dx%d\r\n", info.srWindow.Right - info.srWindow.Left + 1,
                       info.srWindow.Bottom - info.srWindow.Top + 1));
    return 0;
}

static HANDLE interrupt;

static BOOL WINAPI note_interrupt(DWORD event)
{
    if (event == CTRL_C_EVENT)
        SetEvent(interrupt);
    return event == CTRL_C_EVENT;
}

/* key: the number of the character that is typed. */
static int key(void)
{
    char text[64];
    wchar_t typed = 0;
    DWORD count;
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    SetConsoleMode(input, 0);
    out("it listens\r\n", 12);
    ReadConsoleW(input, &typed, 1, &count, NULL);
    out(text, snprintf(text, sizeof text, "character-%u\r\n", typed));
    return 0;
}

/* interrupt: presses Ctrl-C for all that have the same console, and for itself. */
static int press(void)
{
    interrupt = CreateEventW(NULL, TRUE, FALSE, NULL);
    SetConsoleCtrlHandler(note_interrupt, TRUE);
    GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0);
    WaitForSingleObject(interrupt, INFINITE);
    out("it-was-interrupted\r\n", 20);
    return 0;
}

/* Connects to an address, as HOST:PORT. */
static SOCKET connected(const char *address)
{
    char host[256];
    struct addrinfo *found, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    const char *port = strrchr(address, ':');
    snprintf(host, sizeof host, "%.*s", (int)(port - address), address);
    if (getaddrinfo(host, port + 1, &hints, &found))
        return INVALID_SOCKET;
    SOCKET made = socket(AF_INET, SOCK_STREAM, 0);
    return connect(made, found->ai_addr, found->ai_addrlen) ? INVALID_SOCKET : made;
}

/* What the proxy that HTTP_PROXY names says to a request, and what comes after it. */
static int asked(const char *request, int count)
{
    WSADATA started;
    char text[4096];
    const char *proxy = getenv("HTTP_PROXY");
    WSAStartup(MAKEWORD(2, 2), &started);
    if (!proxy || strncmp(proxy, "http://", 7))
        return 94;
    SOCKET called = connected(proxy + 7);
    if (called == INVALID_SOCKET)
        return 93;
    send(called, request, count, 0);
    /* Nothing more: else a proxy that refuses waits for another request. */
    shutdown(called, SD_SEND);
    while ((count = recv(called, text, sizeof text, 0)) > 0)
        out(text, count);
    return 0;
}

/* by-proxy ADDRESS: what the proxy says about a tunnel to there, and what comes out of it. */
static int by_proxy(wchar_t *address)
{
    char text[4096];
    return asked(text, snprintf(text, sizeof text, "CONNECT %ls HTTP/1.1\r\nHost: %ls\r\n\r\n", address, address));
}

/* request HOST PATH [VARIABLE]: what the proxy says to a request, with what the variable holds for authorization. */
static int request(wchar_t *host, wchar_t *path, wchar_t *variable)
{
    char text[4096];
    const wchar_t *form = L"GET http://%ls%ls HTTP/1.1\r\nHost: %ls\r\nAuthorization: %ls\r\nConnection: close\r\n\r\n";
    wchar_t wide[4096], *token = variable ? _wgetenv(variable) : NULL;
    swprintf(wide, sizeof wide / sizeof *wide, form, host, path, host, token ? token : L"none");
    return asked(text, snprintf(text, sizeof text, "%ls", wide));
}

/* directly ADDRESS: what somebody says who is called. */
static int directly(wchar_t *wide)
{
    WSADATA started;
    char text[4096];
    WSAStartup(MAKEWORD(2, 2), &started);
    snprintf(text, sizeof text, "%ls", wide);
    SOCKET called = connected(text);
    if (called == INVALID_SOCKET)
        return 93;
    for (int count; (count = recv(called, text, sizeof text, 0)) > 0;)
        out(text, count);
    return 0;
}

int wmain(int count, wchar_t **words)
{
    const wchar_t *role = count > 1 ? words[1] : L"";
    if (!wcscmp(role, L"at"))
        return at(words[2]);
    if (!wcscmp(role, L"words")) {
        for (int i = 2; i < count; i++)
            line(words[i]);
        return 0;
    }
    if (!wcscmp(role, L"environment")) {
        for (wchar_t *entry = GetEnvironmentStringsW(); *entry; entry += wcslen(entry) + 1)
            line(entry);
        return 0;
    }
    if (!wcscmp(role, L"pass"))
        return pass();
    if (!wcscmp(role, L"both")) {
        out("to out\n", 7);
        DWORD written;
        WriteFile(GetStdHandle(STD_ERROR_HANDLE), "to err\n", 7, &written, NULL);
        return 0;
    }
    if (!wcscmp(role, L"flood"))
        for (;;)
            out("much too much\n", 14);
    if (!wcscmp(role, L"exit"))
        return wcstoul(words[2], NULL, 10);
    if (!wcscmp(role, L"seal"))
        return seal(count - 2, words + 2);
    if (!wcscmp(role, L"by-proxy"))
        return by_proxy(words[2]);
    if (!wcscmp(role, L"request"))
        return request(words[2], words[3], count > 4 ? words[4] : NULL);
    if (!wcscmp(role, L"directly"))
        return directly(words[2]);
    if (!wcscmp(role, L"on-console"))
        return on_console();
    if (!wcscmp(role, L"size"))
        return size();
    if (!wcscmp(role, L"key"))
        return key();
    if (!wcscmp(role, L"interrupt"))
        return press();
    if (!wcscmp(role, L"late"))
        return late(words + 2);
    if (!wcscmp(role, L"with-late"))
        return with_late(count - 2, words + 2);
    return 97;
}
