/* t-old-major, t-new-minor, t-bad-version, t-liar - a note written by hand, unlike the descriptor. */
#include <wakala/plugin.h>

WK_HIDDEN const struct wk_host *wk_host;
__attribute__((section(".note.wakala"), used, aligned(4))) static const struct wk_note note = {
    8, sizeof(struct wk_note) - 20, WK_NOTE_TYPE, WK_NOTE_OWNER, TEST_MAJOR, TEST_MINOR, sizeof(struct wk_plugin_desc),
    TEST_NAME, TEST_VERSION};
WK_EXPORT extern const struct wk_plugin_desc wakala_plugin;
WK_EXPORT const struct wk_plugin_desc wakala_plugin = {.size = sizeof(struct wk_plugin_desc),
                                                       .abi_major = WK_ABI_MAJOR,
                                                       .abi_minor = WK_ABI_MINOR,
                                                       .host = &wk_host,
                                                       .name = TEST_NAME,
                                                       .version = "1.0.0",
                                                       .summary = "Its note says something else"};
