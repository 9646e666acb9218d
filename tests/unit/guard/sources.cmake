# Backtraces are of the room observe.
set(EXTRA_LIBS wk_observe)
