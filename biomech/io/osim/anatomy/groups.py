"""Groups of muscles, by the usual abbreviations of their names."""

from __future__ import annotations

import re

#: What muscles are called, without case, digits, blanks and side, by group; the first that fits.
_ABBREVIATIONS = (
    (r"gl(u?t)?(eus)?_?max(imus)?|gmax", ("gluteus_maximus",)),
    (r"gl(u?t)?(eus)?_?med(ius)?|gmed", ("gluteus_medius",)),
    (r"gl(u?t)?(eus)?_?min(imus)?|gmin", ("gluteus_minimus",)),
    (r"semimem(branosus)?|semiten(dinosus)?|hams?(trings?)?", ("hamstrings",)),
    (r"bi(ceps)?_?fem(oris)?_?(lh|sh|long.*|short.*)?|bf(lh|sh)", ("hamstrings",)),
    (r"sar(t|torius)?|tfl|tensor_?fasc.*|iliacus|psoas(_?major)?|ilio_?psoas|il_?psoas", ("hip_flexors",)),
    (r"add?_?(uctor)?_?(long(us)?|brev(is)?)", ("adductors", "hip_flexors")),
    (r"(add?(uctor)?_?|a)mag(nus)?_?(dist|isch|mid|prox|min(imus)?)?|add(uctors?)?", ("adductors",)),
    (r"pect(ineus)?", ("adductors", "hip_flexors")),
    (r"gra(c|cilis)?", ("adductors",)),
    (
        r"quad_?fem(oris)?|g[el]*m(ellus|elli)?|pe?iri(formis)?|peri|obt(urator)?_?(int|ext).*",
        ("deep_external_rotators",),
    ),
    (r"rf|rec(t|tus)?_?fem(oris)?", ("quadriceps", "hip_flexors")),
    (r"vas(t|ti|tus)?_?(med|int|lat)?(ialis|ermedius|eralis)?|v[mil]|quad(riceps)?", ("quadriceps",)),
    (
        r"(med|lat)?_?gas(t|troc|trocnemius)?_?(med|lat)?(ialis|eralis)?|sol(eus)?|tri(ceps)?_?sur(ae)?",
        ("plantarflexors",),
    ),
    (
        r"t(ib)?_?(ialis_?)?post(erior)?|f(lex)?_?d(ig)?l?|f(lex)?_?h(al)?l?|flex_?(dig|hal)(_?long(us)?)?",
        ("plantarflexors",),
    ),
    (r"per(oneus)?_?(brev(is)?|long(us)?)|fib(ularis)?_?(brev(is)?|long(us)?)", ("plantarflexors",)),
    (r"tib_?(ialis_?)?ant(erior)?|ta|per(oneus)?_?tert(ius)?|edl|ehl|ext_?(dig|hal)(_?long(us)?)?", ("dorsiflexors",)),
    (
        r"erc_?sp[i]?n(ae)?|erector_?spinae|longissimus.*|iliocostalis.*|multifidus.*|quadratus_?lumb.*",
        ("lumbar_extensors",),
    ),
    (r"(int|ext)_?obl?(ique)?|(internal|external)_?oblique.*|rect(us)?_?abd(ominis)?", ("abdominals",)),
    # as the muscles of a spine are called after Christophy et al. (2012)
    (r"(il|ltp[tl])_[lrt]|mf_m.*|ql_(ant|mid|post)_.*", ("lumbar_extensors",)),
    (r"[ei]o", ("abdominals",)),
    (r"ps_l.*", ("hip_flexors",)),
)
_PATTERNS = tuple((re.compile(pattern), groups) for pattern, groups in _ABBREVIATIONS)


def sideless(name: str) -> list[str]:
    """A muscle's name without case: without what may tell its side, and as it is."""
    plain = re.sub(r"[\s.\-]+", "_", name).lower()
    bare = re.sub(r"_?(right|left)_?|^[rl]_|_[rl]$|(?<=\d)_?[rl]$", "", plain)
    return [bare, re.sub(r"^[rl](?=[a-z])", "", plain), plain]


def stems(name: str) -> list[str]:
    """A muscle's name without case and numbers: without what may tell its side, and as it is."""
    return [re.sub(r"\d+", "", own).strip("_") for own in sideless(name)]


def groups_by_name(name: str) -> tuple[str, ...]:
    """The groups of a muscle by the usual abbreviations of its name; none where it says nothing.

    Examples
    --------
    >>> from biomech.io.osim.anatomy.groups import groups_by_name
    >>> groups_by_name("LGMED2"), groups_by_name("recfem_r"), groups_by_name("actuator7")
    (('gluteus_medius',), ('quadriceps', 'hip_flexors'), ())
    """
    for stem in stems(name):
        for pattern, groups in _PATTERNS:
            if pattern.fullmatch(stem):
                return groups
    return ()
