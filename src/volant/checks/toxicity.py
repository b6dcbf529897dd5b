"""Check `toxicity`: open hostility, by the words and turns of phrase that carry it.

Kinds: INSULT, THREAT, HATE, PROFANITY, SEXUAL, SELF_HARM. A word alone is a weak sign (0.3 to 0.4: people swear at
software); the same word said *to* somebody, a threat with its object, or a group called vermin is a strong one (0.7 to
0.95). Letters that are stretched ("fuuuck"), masked ("f*ck") or swapped ("1d10t") count as what they stand for.
English first; the commonest words of German, French, Spanish, Italian and Portuguese. Understands no meaning: irony,
quotation, dog whistles and polite contempt pass, and a reclaimed word is found.
Source of the cases it is held to: Röttger et al. 2021, "HateCheck" (arXiv 2012.15606), its functional categories. Slurs
stand in ROT13, so that this file can be read at work.
"""

# ruff: noqa: E501  # the rules are a table, kept as they are
from __future__ import annotations

import codecs
from typing import Any, NamedTuple

import msgspec

from volant.checks.finding import Finding
from volant.checks.folding import lowered
from volant.checks.registry import check
from volant.core.errors import BadInput

KINDS = ("HATE", "INSULT", "PROFANITY", "SELF_HARM", "SEXUAL", "THREAT")


class _Rule(NamedTuple):
    kind: str
    score: float
    pattern: str  # RE2, over the folded text; a word of hostile letters is written by `_w`


_VOWELS = "aeiou"


def _w(words: str) -> str:
    """An alternation of words, each letter of which may be stretched and each vowel masked; "+" allows endings."""
    return "(?:" + "|".join(_one(word) for word in sorted(words.split(), key=lambda word: (-len(word), word))) + ")"


def _one(word: str) -> str:
    stem, any_end = word.removesuffix("+"), word.endswith("+")
    parts: list[str] = []
    at = 0
    while at < len(stem):
        letter = stem[at]
        run = 1
        while at + run < len(stem) and stem[at + run] == letter:
            run += 1
        seen = f"[{letter}*]" if letter in _VOWELS and at else letter
        parts.append(" ?" if letter == "_" else f"{seen}{{{run},6}}")
        at += run
    return "".join(parts) + (r"[\pL]{0,5}" if any_end else "")


def _hidden(words: str) -> str:
    return codecs.decode(words, "rot13")


_NOUNS = _w(
    "idiot idiots moron morons imbecile+ retard retards cretin+ dumbass+ jackass+ asshole assholes arsehole+ bastard "
    "bastards bitch bitches cunt cunts prick pricks dickhead+ douchebag+ douche scumbag+ motherfucker+ wanker+ tosser+ "
    "bellend shithead+ piece_of_shit pieces_of_shit piece_of_trash piece_of_garbage loser losers scum trash garbage "
    "vermin pig pigs clown clowns whore whores slut sluts twat+ dimwit+ halfwit+ nitwit+ simpleton+ fool fools failure "
    "coward cowards creep pervert+ psycho lowlife+ degenerate+ parasite+ snake disgrace joke"
)
_ADJECTIVES = _w(
    "stupid dumb idiotic moronic pathetic worthless useless disgusting retarded brainless brain_dead braindead ugly "
    "fucking_stupid insane clueless incompetent vile filthy despicable dense thick ignorant"
)
_STRONG_NOUNS = _w(
    "moron morons imbecile+ retard retards dumbass+ jackass+ asshole assholes arsehole+ cunt cunts dickhead+ "
    "douchebag+ scumbag+ motherfucker+ wanker+ bellend shithead+ twat+ whore whores slut sluts bitches"
)
_MORE = (
    r"(?:(?:such|just|nothing but|a|an|the|all|so|really|very|too|truly|absolutely|completely|fucking|f\*+ing|such a|"
)
_MORE += r"total|complete|bunch of|little|dirty|lying|fat|old|most|worst|biggest|kind of|pretty) ){0,4}"
_YOU_ARE = r"(?:you(?:'re| are|re)?|u r|ur|your|you all are|y'all are)"
_SLURS = _w(_hidden("avttre+ avttn xvxr xvxrf snttbg+ genaavr+ jrgonpx+ tbbx tbbxf enturnq+ fnaqavttre+ pbba puvax+"))
_GROUPS = (
    r"(?:jews?|muslims?|christians?|blacks?|whites?|asians?|arabs?|mexicans?|immigrants?|migrants?|refugees?|foreigners?"
    r"|gays?|lesbians?|trans people|transgenders?|homosexuals?|women|girls|men|gypsies|roma|latinos?|indians?"
    r"|africans?|disabled people|cripples?|old people|poor people|hindus?|black people|gay people|jewish people"
    r"|muslim people|white people)"
)
_VERMIN = (
    r"(?:vermin|animals|subhuman|sub-human|scum|filth|filthy|parasites|cockroaches|rats|pigs|apes|monkeys|dogs|a disease"
    r"|a plague|a cancer|trash|garbage|inferior|disgusting|worthless|evil|savages|retards|criminals by nature|not human"
    r"|not people)"
)
_HARM = (
    r"(?:kill|murder|hurt|stab|shoot|strangle|beat|punch|smash|rape|burn|hunt|destroy|slaughter|gut|bury|hang|behead"
    r"|cut|choke|poison|torture|fuck up|mess up|break)"
)
_YOUR_BODY = r"(?:you|u|your (?:face|head|neck|throat|legs|family|kids|children|house|wife|husband|mother|skull|bones))"

_RULES = (
    # said to somebody
    _Rule("INSULT", 0.85, rf"{_YOU_ARE} {_MORE}(?:{_NOUNS}|{_ADJECTIVES}(?: {_NOUNS})?)"),
    _Rule("INSULT", 0.85, rf"you (?:{_ADJECTIVES} |fucking |little |goddamn |bloody )*{_NOUNS}"),
    _Rule("INSULT", 0.9, r"(?:go )?(?:f[u*]{1,6}c{0,6}k{1,6}|screw|damn) (?:you|u|yourself|off|your \pL+)"),
    _Rule("INSULT", 0.75, r"(?:shut (?:the (?:fuck|hell) )?up|stfu|gtfo|go to hell|piss off|eat shit|kiss my ass"
          r"|suck my dick|nobody (?:likes|loves|wants) you|you make me sick|you disgust me|i hate you"
          r"|you should be ashamed of yourself)"),
    _Rule("INSULT", 0.7, rf"(?:what an?|such an?|bunch of|pack of|these|those) (?:\pL+ )?{_STRONG_NOUNS}"),
    _Rule("INSULT", 0.6, _STRONG_NOUNS),
    # harm announced or wished
    _Rule("THREAT", 0.95, rf"(?:i(?:'ll|'m| will| am|'m gonna| would| wanna| want to| swear)?|we(?:'ll|'re| will| are)?"
          rf"|someone (?:should|will|needs to)|they(?:'ll| will| should)) (?:\pL+ ){{0,3}}{_HARM} {_YOUR_BODY}"),
    _Rule("THREAT", 0.9, r"(?:you(?:'ll| will| should| deserve to| must| are going to|'re going to|'re gonna) "
          r"(?:\pL+ )?(?:die|be shot|be killed|be hanged|burn in hell|suffer for this|pay for this|regret (?:this|that"
          r"|it))|i hope you (?:\pL+ )?(?:die|get (?:cancer|raped|killed|hurt)|suffer|burn)|watch your back"
          r"|i know where you (?:live|work|sleep)|you(?:'re| are) (?:a )?dead(?: man| meat)?(?:$|[.!,])"
          r"|you won't live|your days are numbered)"),
    _Rule("THREAT", 0.95, r"(?:kill (?:yourself|urself|your self)|kys|drink bleach|go (?:and )?(?:die|hang yourself"
          r"|jump off a (?:bridge|cliff))|end your life|neck yourself)"),
    # groups
    _Rule("HATE", 0.9, rf"{_GROUPS} (?:are|is) (?:\pL+ ){{0,3}}{_VERMIN}"),
    _Rule("HATE", 0.95, rf"(?:all |every |the |these |those )?{_GROUPS} (?:should|must|need to|deserve to|have to)"
          r" (?:all )?(?:be )?(?:die|killed|shot|gassed|exterminated|wiped out|deported|hanged|burned?|eliminated"
          r"|sterili[sz]ed|beaten|banned from)"),
    _Rule("HATE", 0.9, rf"(?:kill|gas|exterminate|deport|eradicate|shoot|hang|wipe out) (?:all|every|the|these|those)"
          rf"(?: the| of the)? {_GROUPS}"),
    _Rule("HATE", 0.8, rf"i (?:\pL+ )?(?:hate|despise|can't stand|loathe) (?:all |these |those |the |fucking ){{0,2}}"
          rf"{_GROUPS}"),
    _Rule("HATE", 0.85, r"go back to (?:your (?:own )?country|where you came from|africa|mexico|asia)"),
    _Rule("HATE", 0.9, _SLURS),
    # not aimed at anybody
    _Rule("PROFANITY", 0.35, _w("fuck+ shit shitty bullshit goddamn+ damn crap bollocks bugger bloody_hell wtf")),
    _Rule("SEXUAL", 0.5, _w("blowjob+ handjob+ cumshot+ gangbang+ deepthroat+ porno porn hentai masturbat+ dildo+ "
          "creampie+ bukkake milf milfs")),
    _Rule("SEXUAL", 0.8, r"(?:send|show) (?:me )?(?:your )?(?:nudes|tits|boobs|pussy|dick|naked pics)|(?:suck|lick|ride"
          r"|fuck) my (?:cock|dick|pussy|balls)|(?:i|we) (?:want to|wanna|will|'ll) fuck (?:you|her|him)"),
    _Rule("SELF_HARM", 0.8, r"i (?:\pL+ ){0,3}(?:want to|wanna|going to|gonna|will|should|plan to|tried to|wish i could)"
          r" (?:just )?(?:die|kill myself|end (?:my life|it all)|hang myself|cut myself|hurt myself|harm myself"
          r"|not wake up|not be alive)|i don't want to (?:live|be alive)(?: anymore)?|i(?:'m| am) (?:cutting|suicidal)"
          r"|(?:how (?:to|can i|do i)|best way to|ways to) (?:commit suicide|kill myself|hang myself|overdose)"),
    # other languages: said to somebody, then alone
    _Rule("INSULT", 0.85, r"(?:du bist|sie sind|ihr seid|du|ihr) (?:so |ein |eine |einfach |nur |echt |doch |total |voll "
          r"|ganz |kompletter |verdammter |verdammtes |dummes |dumme |blöder ){0,4}(?:idiot(?:en)?|trottel|arschloch"
          r"|arschlöcher|schlampe|hurensohn|hurensöhne|wichser|depp|vollidiot|missgeburt|drecksau|dreckschwein|abschaum"
          r"|versager|penner|fotze|spast|behindert|dumm|blöd|bescheuert|wertlos|erbärmlich|hässlich)"),
    _Rule("INSULT", 0.75, r"(?:arschloch|hurensohn|wichser|missgeburt|fick dich|verpiss dich|halt(?:'s)? (?:die|deine)"
          r" (?:fresse|klappe|maul)|halt'?s maul|leck mich)"),
    _Rule("THREAT", 0.9, r"ich (?:bring(?:e)? dich um|werde dich (?:\pL+ )?(?:umbringen|töten|schlagen|finden|abstechen)"
          r"|mach(?:e)? dich fertig|stech(?:e)? dich ab|töte dich)|bring dich um|du wirst (?:sterben|das bereuen)"),
    _Rule("INSULT", 0.85, r"(?:tu es|t'es|vous êtes|espèces? d(?:e |'))(?: ?(?:un|une|vraiment|trop|si|des|complètement"
          r"|qu'un|qu'une|gros|grosse|sale|pauvre) ?){0,4} ?(?:idiote?s?|imbéciles?|cone?s?|connards?|connasses?|salopes?"
          r"|abrutie?s?|débiles?|enculés?|merdes?|crétins?|stupides?|nulle?s?|ordures?|bâtards?|moches?)"),
    _Rule("INSULT", 0.75, r"(?:connards?|enculés?|fils de pute|va te faire (?:foutre|enculer)|ta gueule|ferme[- ]la"
          r"|nique ta mère|pauvre con|sale con)"),
    _Rule("THREAT", 0.9, r"je (?:vais|veux) (?:\pL+ )?(?:te |vous )(?:tuer|buter|frapper|crever|égorger|retrouver)"
          r"|tu vas (?:crever|mourir|le regretter)|va (?:crever|mourir)"),
    _Rule("INSULT", 0.85, r"(?:eres|sos|sois|son|pedazo de|maldito|maldita)(?: (?:un|una|unos|tan|muy|todo|toda|puto|puta"
          r"|completo|pedazo de)){0,3} (?:idiotas?|imbécil(?:es)?|imbecil(?:es)?|estúpid[oa]s?|estupid[oa]s?|pendej[oa]s?"
          r"|cabr[oó]n(?:es|a)?|gilipollas|hij[oa]s? de puta|zorras?|mierdas?|inútil(?:es)?|tont[oa]s?|basura|puta)"),
    _Rule("INSULT", 0.75, r"(?:hij[oa]s? de (?:puta|perra)|gilipollas|vete a la mierda|que te jodan|cállate la boca"
          r"|chinga tu madre|jódete|que te den|hijueputa)"),
    _Rule("THREAT", 0.9, r"(?:te|os|los) (?:voy|vamos) a (?:\pL+ )?(?:matar|pegar|golpear|encontrar|reventar|romper)"
          r"|te (?:mataré|mato)|vas a (?:morir|pagar)|ojalá te mueras|muérete"),
    _Rule("INSULT", 0.85, r"(?:sei|siete|brutto|brutta|pezzo di)(?: (?:un|una|dei|proprio|così|solo|davvero|grandissimo"
          r"|pezzo di|brutto)){0,3} (?:idiota|idioti|stupid[oaie]|imbecille|imbecilli|cretin[oaie]|stronz[oaie]|coglion[ei]"
          r"|bastard[oaie]|merda|troia|puttana|deficient[ei]|scem[oaie]|schifos[oaie])"),
    _Rule("INSULT", 0.75, r"(?:stronz[oaie]|vaffanculo|figlio di puttana|testa di cazzo|coglion[ei]|vai a cagare)"),
    _Rule("THREAT", 0.9, r"(?:ti|vi) (?:ammazzo|uccido|spacco la faccia|ucciderò|ammazzerò|verrò a cercare)|devi morire"),
    _Rule("INSULT", 0.85, r"(?:és|você é|vocês são|seu|sua|tu é)(?: (?:um|uma|muito|tão|completo|bando de|grande)){0,3} "
          r"(?:idiotas?|imbecil|imbecis|burr[oa]s?|otári[oa]s?|babacas?|estúpid[oa]s?|merdas?|cretin[oa]s?|vadias?|puta"
          r"|lixo|inútil|desgraçad[oa]s?|arrombad[oa]s?|cabrão)"),
    _Rule("INSULT", 0.75, r"(?:filh[oa]s? da puta|vai (?:se foder|tomar no cu|à merda)|vai-te foder|cala a boca|otári[oa])"),
    _Rule("THREAT", 0.9, r"(?:vou|vamos) (?:te )?(?:matar|bater|arrebentar|quebrar|encontrar)(?: (?:você|vocês|tua cara))?"
          r"|vou-te matar|você vai (?:morrer|pagar)|morre, "),
    _Rule("HATE", 0.85, r"(?:ausländer|juden|muslime|flüchtlinge|schwule) (?:raus|sind (?:\pL+ )?(?:ungeziefer|abschaum"
          r"|dreck|tiere|parasiten))|(?:les )?(?:juifs|arabes|musulmans|noirs|migrants) (?:sont|dehors)(?: (?:des|de la))?"
          r" ?(?:vermine|animaux|parasites|rats|dehors)|(?:los )?(?:judíos|moros|negros|inmigrantes|gays) (?:son) (?:\pL+"
          r" ){0,2}(?:basura|animales|escoria|parásitos|ratas)|(?:gli )?(?:ebrei|immigrati|neri|zingari) sono (?:\pL+ )?"
          r"(?:feccia|animali|parassiti|topi)|(?:os )?(?:judeus|imigrantes|negros|gays) são (?:\pL+ )?(?:lixo|animais"
          r"|parasitas|ratos|escória)"),
    _Rule("PROFANITY", 0.35, r"(?:scheiße|scheiss|verdammt|merde|putain|bordel|mierda|joder|coño|carajo|merda|cazzo"
          r"|porra|caralho|foda-se)"),
)  # fmt: skip

_SWAPPED = str.maketrans({"@": "a", "$": "s", "’": "'", "´": "'", "`": "'"})
_DIGITS = str.maketrans("013457", "oieast")


@check("toxicity")
class Toxicity:
    """Open hostility; the label of a finding is its kind."""

    window = 240

    class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """See docs/checks.md."""

        kinds: tuple[str, ...] = ()  # only these; empty: all

    def __init__(self, *, kinds: tuple[str, ...] = ()) -> None:
        """Raises BadInput `bad_check_option` for a kind that there is not."""
        if unknown := sorted(set(kinds) - set(KINDS)):
            raise BadInput(
                "bad_check_option", f"there is no kind {unknown[0]!r}", where="kinds", hint=f"use {', '.join(KINDS)}"
            )
        self._rules = [(rule, _compile(rule.pattern)) for rule in _RULES if not kinds or rule.kind in kinds]
        wide = "|".join(f"(?:{rule.pattern})" for rule, _ in self._rules).replace(r"\pL", r"\S")
        self._any = _re2(wide)  # finds whatever a rule finds, and more: letters as such are slow to tell

    def find(self, text: str) -> list[Finding]:
        """The surest finding of each kind and place, ordered by start; those of different kinds may overlap."""
        best: dict[tuple[int, int, str], float] = {}
        for folded in _folded(text):
            if self._any.search(folded) is None:
                continue
            for rule, compiled in self._rules:
                for match in compiled.finditer(folded):
                    start, end = match.span(1)
                    if end == len(folded) or not folded[end].isalnum():
                        key = (start, end, rule.kind)
                        best[key] = max(best.get(key, 0.0), rule.score)
        return [
            Finding(check="toxicity", kind=kind, start=start, end=end, score=score, label=kind)
            for (start, end, kind), score in sorted(_outermost(best).items())
        ]


def _compile(pattern: str) -> Any:
    return _re2(rf"(?:^|[^\pL\pN])({pattern})")


def _re2(pattern: str) -> Any:
    """A pattern of ours, compiled when it is first needed: most gateways have no use for it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.longest_match = True  # "yourself" before "you": a word must end where its match does
    options.max_mem = 64 << 20
    return re2.compile(pattern, options)


def _folded(text: str) -> list[str]:
    """The text in lower case with its stand-ins read as letters; where digits may be letters, that reading too."""
    low = lowered(text).translate(_SWAPPED)
    if not low.isascii():
        low = low.encode("utf-8", "replace").decode()  # RE2 takes no lone surrogates
    low = low.replace("\n", " ").replace("\t", " ")
    plain = low.translate(_DIGITS)
    return [low] if plain == low else [low, plain]


def _outermost(found: dict[tuple[int, int, str], float]) -> dict[tuple[int, int, str], float]:
    """Without what stands inside another finding of its kind that is at least as sure."""
    kept: dict[tuple[int, int, str], float] = {}
    last: dict[str, tuple[int, float]] = {}  # of a kind: where its farthest finding ends, and how sure that is
    for (start, end, kind), score in sorted(found.items(), key=lambda one: (one[0][0], -one[0][1])):
        until, sure = last.get(kind, (0, 0.0))
        if end > until or score > sure:
            kept[start, end, kind] = score
            last[kind] = (max(end, until), score)
    return kept
