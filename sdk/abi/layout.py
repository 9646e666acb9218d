#!/usr/bin/env python3
"""The public ABI as text: which types the headers define, and what a C compiler must find true about them.

    layout.py every HEADERS            C source that exports every public struct and enum (for abidw)
    layout.py asserts BASELINE HEADERS C source: one line per member, enumerator and constant of the frozen ABI

HEADERS is the folder that holds wakala/. The asserts are compiled against later headers: what does not compile broke the ABI.
"""
import os
import re
import sys
import xml.etree.ElementTree

# They say their size or begin with an interface's head, so they may grow at their end ... all others are walked as arrays, copied or put on
# the stack by both sides, so they are frozen whole. These three begin with `size` and are frozen all the same: part of every interface, and
# handed over in arrays.
FROZEN_WHOLE = {"wk_service_head", "wk_variant", "wk_fact"}
CHANGES = {"WK_ABI_MINOR"}  # the one constant that a release may change
APART = {"wakala/json.h"}   # needs jansson, defines no type


def headers(folder):
    found = []
    for path, _, names in os.walk(f"{folder}/wakala"):
        found += [os.path.relpath(os.path.join(path, name), folder) for name in names if name.endswith(".h")]
    return sorted(found)


def text_of(folder, name):
    """A header without its comments."""
    with open(f"{folder}/{name}", encoding="utf-8") as f:
        return re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)


def defined(folder, kind):
    return sorted({name for header in headers(folder) for name in re.findall(rf"^{kind} (wk_\w+) \{{", text_of(folder, header), re.M)})


def constants(folder):
    """Macros without parameters that stand for a number or a text: [(name, value)]."""
    found = {}
    for header in headers(folder):
        if header not in APART:
            for name, value in re.findall(r"^#define (WK_\w+) (.+)$", text_of(folder, header), re.M):
                if re.fullmatch(r'"[^"]*"|[-0-9xXa-fA-FuUlL]+|INT64_C\(\d+\)', value.strip()) and name not in CHANGES:
                    found[name] = value.strip()
    return sorted(found.items())


def includes(folder):
    return "".join(f"#include <{name}>\n" for name in headers(folder) if name not in APART)


def every(folder):
    out = includes(folder)
    for kind in ("struct", "enum"):
        for name in defined(folder, kind):
            out += f"WK_EXPORT extern {kind} {name} *abi_{kind}_{name};\nWK_EXPORT {kind} {name} *abi_{kind}_{name};\n"
    return out + "WK_HIDDEN const struct wk_host *wk_host;\n"


class Types:
    """What abidw wrote: types by id."""

    def __init__(self, path):
        self.by_id = {e.get("id"): e for e in xml.etree.ElementTree.parse(path).iter() if e.get("id")}

    def text(self, type_id, inner=""):
        """C's spelling of a type; `inner` is what stands where a name would."""
        e = self.by_id[type_id]
        if e.tag == "pointer-type-def":
            to = self.by_id[e.get("type-id")]
            if to.tag in ("function-type", "array-type-def"):
                return self.text(e.get("type-id"), f"(*{inner})")
            return self.text(e.get("type-id"), f"*{inner}")
        if e.tag == "qualified-type-def":
            if self.by_id[e.get("type-id")].tag == "pointer-type-def":
                return self.text(e.get("type-id"), f"const{' ' if inner else ''}{inner}")
            return f"const {self.text(e.get('type-id'), inner)}"
        if e.tag == "array-type-def":
            lengths = "".join(f"[{s.get('length')}]" for s in e.findall("subrange"))
            return self.text(e.get("type-id"), inner + lengths)
        if e.tag == "function-type":
            given = [self.text(p.get("type-id")) if p.get("type-id") else "..." for p in e.findall("parameter")]
            return self.text(e.find("return").get("type-id"), f"{inner}({', '.join(given) or 'void'})")
        word = {"class-decl": "struct ", "union-decl": "union ", "enum-decl": "enum "}.get(e.tag, "")
        return f"{word}{e.get('name')}{' ' if inner and inner[0] != '[' else ''}{inner}"

    def members(self, e, base=0):
        for member in e.findall("data-member"):
            variable = member.find("var-decl")
            at = base + int(member.get("layout-offset-in-bits", "0")) // 8
            if not variable.get("name"):  # an anonymous union: its members count as the struct's own
                yield from self.members(self.by_id[variable.get("type-id")], at)
            else:
                yield variable.get("name"), at, self.text(variable.get("type-id"))

    def named(self, tag, name):
        for e in self.by_id.values():
            if e.tag == tag and e.get("name") == name and e.get("is-declaration-only") != "yes":
                return e
        raise SystemExit(f"layout.py: the baseline does not know {name}: make it again with sdk/abi/freeze.sh")


def declared_type(folder, struct, member):
    """A member's type as its header spells it, the name taken out: abidw forgets the const of `const void *`."""
    for header in headers(folder):
        body = re.search(rf"^struct {struct} \{{(.*?)^\}}", text_of(folder, header), re.M | re.S)
        for statement in body.group(1).split(";") if body else []:
            if re.search(rf"\*{member}(\)\(|\s*$)", statement.strip()):
                return " ".join(re.sub(rf"\*{member}\b", "*", statement, count=1).rpartition("{")[2].split())
    raise SystemExit(f"layout.py: cannot read the type of {struct}.{member}")


def may_grow(name, members):
    return name not in FROZEN_WHOLE and bool(members) and members[0][0] in ("size", "head")


def asserts(baseline, folder):
    types = Types(baseline)
    out = ["/* Made by sdk/abi/freeze.sh from the frozen headers beside it; never edited. Compiled against the headers of today. */",
           includes(folder).rstrip(),
           "#define MEMBER(type, member, at, ...) \\",
           '    _Static_assert(offsetof(struct type, member) == (at), #type "." #member " moved"); \\',
           "    _Static_assert(__builtin_types_compatible_p(__typeof__(((struct type *)0)->member), __VA_ARGS__), \\",
           '                   #type "." #member " has another type")',
           '#define WHOLE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type " changed its size, which is frozen")',
           "#ifdef EXACT /* has it grown since? */",
           "#define GROWS(type, bytes) WHOLE(type, bytes)",
           "#else",
           '#define GROWS(type, bytes) _Static_assert(sizeof(struct type) >= (bytes), #type " has shrunk")',
           "#endif",
           '#define VALUE(name, value) _Static_assert((name) == (value), #name " has another value")',
           '#define TEXT(name, text) _Static_assert(__builtin_strcmp(name, text) == 0, #name " is another text")', ""]
    for name in defined(folder, "struct"):
        e = types.named("class-decl", name)
        members = list(types.members(e))
        out += [f"MEMBER({name}, {member}, {at}, {declared_type(folder, name, member) if 'void *' in text else text});"
                for member, at, text in members]
        out += [f"{'GROWS' if may_grow(name, members) else 'WHOLE'}({name}, {int(e.get('size-in-bits')) // 8});", ""]
    for name in defined(folder, "enum"):
        out += [f"VALUE({v.get('name')}, {v.get('value')});" for v in types.named("enum-decl", name).findall("enumerator")]
    out.append("")
    out += [f"{'TEXT' if value.startswith(chr(34)) else 'VALUE'}({name}, {value});" for name, value in constants(folder)]
    return "\n".join(out) + "\n"


def main(argv):
    if len(argv) == 3 and argv[1] == "every":
        sys.stdout.write(every(argv[2]))
    elif len(argv) == 4 and argv[1] == "asserts":
        sys.stdout.write(asserts(argv[2], argv[3]))
    else:
        sys.stderr.write(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
