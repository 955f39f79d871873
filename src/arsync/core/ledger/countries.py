"""Countries: codes and names as people write them into an address; arsync keeps alpha-2 codes.

Names are in English and in the country's own language. A text that names no country for certain is
left as it is, and no rule takes it for a country.
"""

from __future__ import annotations

from arsync.core.ledger.sanitising import cleaned

_CODES = """
ABWAW AFGAF AGOAO AIAAI ALAAX ALBAL ANDAD AREAE ARGAR ARMAM ASMAS ATAAQ ATFTF ATGAG AUSAU AUTAT
AZEAZ BDIBI BELBE BENBJ BESBQ BFABF BGDBD BGRBG BHRBH BHSBS BIHBA BLMBL BLRBY BLZBZ BMUBM BOLBO
BRABR BRBBB BRNBN BTNBT BVTBV BWABW CAFCF CANCA CCKCC CHECH CHLCL CHNCN CIVCI CMRCM CODCD COGCG
COKCK COLCO COMKM CPVCV CRICR CUBCU CUWCW CXRCX CYMKY CYPCY CZECZ DEUDE DJIDJ DMADM DNKDK DOMDO
DZADZ ECUEC EGYEG ERIER ESHEH ESPES ESTEE ETHET FINFI FJIFJ FLKFK FRAFR FROFO FSMFM GABGA GBRGB
GEOGE GGYGG GHAGH GIBGI GINGN GLPGP GMBGM GNBGW GNQGQ GRCGR GRDGD GRLGL GTMGT GUFGF GUMGU GUYGY
HKGHK HMDHM HNDHN HRVHR HTIHT HUNHU IDNID IMNIM INDIN IOTIO IRLIE IRNIR IRQIQ ISLIS ISRIL ITAIT
JAMJM JEYJE JORJO JPNJP KAZKZ KENKE KGZKG KHMKH KIRKI KNAKN KORKR KWTKW LAOLA LBNLB LBRLR LBYLY
LCALC LIELI LKALK LSOLS LTULT LUXLU LVALV MACMO MAFMF MARMA MCOMC MDAMD MDGMG MDVMV MEXMX MHLMH
MKDMK MLIML MLTMT MMRMM MNEME MNGMN MNPMP MOZMZ MRTMR MSRMS MTQMQ MUSMU MWIMW MYSMY MYTYT NAMNA
NCLNC NERNE NFKNF NGANG NICNI NIUNU NLDNL NORNO NPLNP NRUNR NZLNZ OMNOM PAKPK PANPA PCNPN PERPE
PHLPH PLWPW PNGPG POLPL PRIPR PRKKP PRTPT PRYPY PSEPS PYFPF QATQA REURE ROURO RUSRU RWARW SAUSA
SDNSD SENSN SGPSG SGSGS SHNSH SJMSJ SLBSB SLESL SLVSV SMRSM SOMSO SPMPM SRBRS SSDSS STPST SURSR
SVKSK SVNSI SWESE SWZSZ SXMSX SYCSC SYRSY TCATC TCDTD TGOTG THATH TJKTJ TKLTK TKMTM TLSTL TONTO
TTOTT TUNTN TURTR TUVTV TWNTW TZATZ UGAUG UKRUA UMIUM URYUY USAUS UZBUZ VATVA VCTVC VENVE VGBVG
VIRVI VNMVN VUTVU WLFWF WSMWS XKKXK YEMYE ZAFZA ZMBZM ZWEZW
"""
"""ISO 3166-1: three letters, then the two that stand for the same country.

A table of its own, since the core imports no Babel; a test holds it against CLDR's.
"""

_ALPHA_2 = {code[:3]: code[3:] for code in _CODES.split()}
_KNOWN = frozenset(_ALPHA_2.values())

_NAMES = """
AE: United Arab Emirates, UAE, U.A.E.
AR: Argentina
AT: Austria, Österreich, Oesterreich, Republik Österreich
AU: Australia, Commonwealth of Australia
BE: Belgium, België, Belgique, Belgien
BG: Bulgaria, България
BR: Brazil, Brasil
CA: Canada
CH: Switzerland, Schweiz, Suisse, Svizzera, Svizra
CL: Chile
CN: China, People's Republic of China, PRC
CO: Colombia
CY: Cyprus, Κύπρος
CZ: Czech Republic, Czechia, Česko, Česká republika
DE: Germany, Deutschland, Federal Republic of Germany, Bundesrepublik Deutschland
DK: Denmark, Danmark
EE: Estonia, Eesti
EG: Egypt
ES: Spain, España, Espana, Kingdom of Spain
FI: Finland, Suomi
FR: France, République française
GB: United Kingdom, UK, U.K., Great Britain, Britain, England, Scotland, Wales, Northern Ireland,
    United Kingdom of Great Britain and Northern Ireland
GG: Guernsey
GI: Gibraltar
GR: Greece, Ελλάδα, Hellas
HK: Hong Kong, Hong Kong SAR
HR: Croatia, Hrvatska
HU: Hungary, Magyarország
IE: Ireland, Republic of Ireland, Éire, Eire
IL: Israel
IM: Isle of Man
IN: India, Republic of India
IS: Iceland, Ísland
IT: Italy, Italia
JE: Jersey
JP: Japan
KE: Kenya
KR: South Korea, Republic of Korea
LI: Liechtenstein
LT: Lithuania, Lietuva
LU: Luxembourg, Luxemburg, Lëtzebuerg
LV: Latvia, Latvija
MC: Monaco
MT: Malta
MX: Mexico, México
MY: Malaysia
NG: Nigeria
NL: Netherlands, The Netherlands, Nederland, Holland, Kingdom of the Netherlands
NO: Norway, Norge, Noreg
NZ: New Zealand, Aotearoa, Aotearoa New Zealand
PH: Philippines, The Philippines
PL: Poland, Polska
PT: Portugal
RO: Romania, România
RS: Serbia, Srbija
SA: Saudi Arabia, Kingdom of Saudi Arabia
SE: Sweden, Sverige
SG: Singapore
SI: Slovenia, Slovenija
SK: Slovakia, Slovak Republic, Slovensko
SM: San Marino
TH: Thailand
TR: Turkey, Türkiye, Turkiye
UA: Ukraine
US: United States, United States of America, The United States, USA, U.S.A., U.S.
UY: Uruguay
VA: Vatican City
ZA: South Africa, Republic of South Africa
"""
"""Names by code. Georgia, Jordan and others that are also towns, states or people are left out."""


def _by_name() -> dict[str, str]:
    codes: dict[str, str] = {}
    for line in _NAMES.replace(",\n    ", ", ").strip().splitlines():
        code, _, names = line.partition(": ")
        codes |= {name.strip().casefold(): code for name in names.split(",")}
    return codes


_BY_NAME = _by_name()


def alpha_2(text: str) -> str:
    """Return the two-letter code of a country; a text that names none is returned as one line.

    Args:
        text: `DE`, `DEU`, `Germany` or `Deutschland`, in any letter case.
    """
    plain = cleaned(text)
    code = plain.upper()
    # Codes win over names. `UK` is no code of ISO 3166, so it is found among the names.
    if code in _KNOWN:
        return code
    return _ALPHA_2.get(code) or _BY_NAME.get(plain.casefold()) or plain
