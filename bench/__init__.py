"""The benches. Each prints name<TAB>metric<TAB>value<TAB>unit; script/bench NAME builds, installs and runs one."""
