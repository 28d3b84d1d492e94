"""How agents say in many languages that they cannot, may not, found nothing or did something. Data, compiled once.

Each line is one language; a pattern matches inside one sentence, case aside. A language that is not listed is not
guessed at: its conversations still yield everything that needs no words. Kept narrow on purpose: a missed refusal costs
one finding, a false one costs the trust in all.
"""

import re

_REFUSAL = {
    "en": r"\b(?:i|we)(?:'m| am|'re| are)?(?: (?:\w+ly|sorry,? but i|still|also|just|really))* (?:can(?:not|'t| not)|could(?:n't| not)|unable to|not able to|won't be able to|not (?:capable|equipped|authori[sz]ed|set up) |(?:don't|do not|didn't) (?:currently |actually |yet )?have (?:\w+ )?(?:the |an? |any |access)(?:\w+[- ]){0,3}?(?:ability|capability|capabilities|functionality|function|feature|tools?|means|option|way|access|permissions?|authority)\b(?: (?:to|for|of))?|(?:don't|do not) have access\b(?: to)?|lack (?:the |an? )?(?:\w+ )?(?:ability|capability|functionality|tools?|access|means)|(?:don't|do not) support)|\b(?:is|are) (?:beyond|outside) (?:of )?my (?:capabilit|abilit|scope)|\b(?:my (?:tools|system|capabilities) (?:do(?:es)? ?n[o']t|can(?:not|'t)|only))|^(?:\w+,? ){0,3}unable to (?:assist|help|process|provide|complete|perform|access)|\bthis (?:system|tool|service) (?:does ?n[o']t|cannot|can't) (?:support|allow|let)",
    "de": r"\b(?:ich|wir) (?:kann|können|bin|sind|habe|haben)\b[^.!?]{0,70}?(?:nicht (?:möglich|in der lage|zugreifen|durchführen|ausführen|ändern|stornieren|helfen|weiterhelfen|anbieten|abrufen|bearbeiten|verfügbar)|leider nicht|kein(?:en|e|erlei)? (?:zugriff|zugang|möglichkeit|funktion|werkzeug|berechtigung)|nicht (?:für sie|ihre?n?|direkt))|\b(?:kann|können) (?:ich|wir) (?:leider |ihnen )*(?:nicht|kein)",
    "fr": r"\bje ne (?:peux|suis|dispose|possède)(?:[^.!?]{0,20}?)\b(?:pas|malheureusement)(?: (?:en mesure|capable|la possibilité|d'un|de l'|accès|autorisée?|directement))?|\bje n'ai pas (?:accès|la possibilité|la capacité|d'outil|les outils|de fonction)|\bnous ne pouvons pas\b|\bil m'est impossible\b",
    "es": r"\bno (?:puedo|podemos|podré|me es posible|soy capaz|estoy (?:en capacidad|autorizad[oa])|dispongo de|tengo (?:acceso|la capacidad|la posibilidad|forma|manera|una? herramienta|herramientas|permiso|habilitad[oa]))\b",
    "pt": r"\bnão (?:posso|podemos|consigo|sou capaz|é possível para mim|tenho (?:acesso|a capacidade|como|uma? ferramenta|ferramentas|permissão)|disponho de)\b",
    "it": r"\bnon (?:posso|possiamo|riesco|sono in grado|ho (?:accesso|la possibilità|la capacità|uno strumento|strumenti|modo)|dispongo di|mi è possibile)\b",
    "nl": r"\b(?:ik|we|wij) (?:kan|kunnen|ben|heb)\b[^.!?]{0,50}?(?:helaas niet|niet (?:in staat|mogelijk)|geen (?:toegang|mogelijkheid|functie|tool)|niet (?:voor u|voor je|uw|je))",
    "pl": r"\bnie (?:mogę|możemy|jestem w stanie|mam (?:dostępu|możliwości|narzędzi|uprawnień)|potrafię)\b",
    "ru": r"\b(?:я |мы |к сожалению,? )*(?:не могу|не можем|не имею (?:доступа|возможности)|не в состоянии|не умею|нет (?:доступа|возможности|инструмент))",
    "tr": r"\b(?:yapamıyorum|yapamam|erişemiyorum|erişimim yok|yetkim yok|(?:bunu )?gerçekleştiremiyorum|yardımcı olamıyorum|\w+(?:amıyorum|emiyorum|amam|emem)\b|imkanım yok|mümkün değil)",
    "sv": r"\b(?:jag|vi) (?:kan (?:tyvärr )?inte|har (?:tyvärr )?(?:inte|ingen) (?:tillgång|möjlighet|åtkomst))",
    "id": r"\b(?:saya|kami) (?:tidak (?:dapat|bisa|memiliki (?:akses|kemampuan|fitur|alat))|belum (?:dapat|bisa))",
    "vi": r"\btôi (?:không thể|không có (?:khả năng|quyền|công cụ)|chưa thể)",
    "zh": r"(?:我|我们|目前|抱歉|暂时)[^。！？]{0,8}(?:无法|不能|没有(?:权限|能力|办法|工具|功能)|不支持|做不到)",
    "ja": r"(?:でき(?:ません|かねます)|対応しておりません|機能(?:が|は)(?:ありません|ございません)|権限がありません|アクセスできません|いたしかねます)",
    "ko": r"(?:할 수 없|드릴 수 없|불가능합니다|기능이 없|권한이 없|접근할 수 없|지원하지 않|지원되지 않|어렵습니다)",
    "ar": r"(?:لا (?:أستطيع|يمكنني|أملك|تتوفر لدي)|غير قادر على|ليس لدي)",
    "hi": r"(?:नहीं कर (?:सकता|सकती|सकते)|असमर्थ हूँ|सुविधा नहीं है)",
}

# "That is not possible in this chat", "permits have to be requested in person": nobody says "I cannot", and all the same the
# wish is not served here. A negation beside a word for this channel, or beside a word for what an agent has or does.
_IMPERSONAL = {
    "en": r"(?:n't|\b(?:not|no|never|cannot|unable))\b(?! (?:far|long)\b)[^.!?;]{0,60}?\b(?:from here|(?:from|in|through|via|on|over) this (?:chat|channel|line|assistant|conversation|workspace|bot|service))\b"
    r"|\bthis (?:assistant|chat|service|line|channel|bot|workspace) (?:is(?:n't| not)|does(?:n't| not)|can(?:'t|not)) "
    r"|\b(?:beyond|outside|out of)(?: of)? (?:what (?:i|we) (?:can|could|am|are)\b|(?:my|our) (?:reach|control|remit|capabilit|abilit|scope))"
    r"|\b(?:isn't|aren't|is not|are not|not) (?:currently |yet )?(?:something|anything|among (?:the )?things|one of the things|a (?:feature|function|service)|part of what) (?:that )?(?:i|we|my)\b"
    r"|\b(?:isn't|aren't|is not|are not) (?:currently |yet |directly )?(?:supported|exposed|accessible to|available to (?:me|us)|possible (?:for me|with my))"
    r"|\b(?:i|we)(?:'ve| have)?(?: got)? no (?:\w+ )?(?:way|tools?|option|function|control|access|connection|means|integration|permission)\b"
    r"|\bthere(?:'s| is) no (?:way for me|tool|integration|option for me)\b"
    r"|\b(?:has|have) to be (?:\w+ed|done|made) (?:in person|at (?:the|a|our)|by (?:phone|the|a|our)|over the phone)\b"
    r"|\bonly (?:our |the |a )?(?:\w+ ){0,2}?(?:staff|desk|team|reception|counter|office|branch|representative|manager)\b[^.!?]{0,20}\bcan\b"
    r"|\bi(?:'m| am) only (?:able|here|set up|meant) to\b",
    "de": r"\b(?:ich|wir|mir)\b[^.!?]{0,30}?\bhier\b[^.!?]{0,30}?\b(?:nicht|kein\w*)\b|\b(?:in diesem chat|über diesen (?:kanal|chat|weg)|von hier aus)\b[^.!?]{0,50}?\b(?:nicht|kein\w*)\b|\b(?:nicht|kein\w*)\b[^.!?]{0,50}?\b(?:in diesem chat|über diesen (?:kanal|chat|weg)|von hier aus)\b|\bfehl(?:t|en) mir\b[^.!?]{0,30}\b(?:funktion|möglichkeit|zugriff|zugang|werkzeug|berechtigung)|\bist mir\b[^.!?]{0,50}?\bnicht möglich\b|\b(?:kann|können) (?:ich|wir)\b[^.!?;,]{0,70}?\bnicht\b|\b(?:wird|werden|ist|sind)\b[^.!?]{0,40}?\bnicht (?:unterstützt|angeboten|vorgesehen)\b",
    "fr": r"\bne? (?:fait|font)\b[^.!?]{0,20}?\bpas partie\b|\bpas\b[^.!?]{0,40}?\b(?:depuis|dans|par|via|sur) (?:cette conversation|ce chat|ce canal|cette messagerie)\b|\bn'(?:est|sont)\b[^.!?]{0,20}?\bpas (?:proposée?s?|prise?s? en charge|accessibles?)\b|\b(?:pas|aucun) (?:la main|moyen|accès|outil)\b",
    "es": r"\bno\b[^.!?]{0,50}?\b(?:por aquí|desde aquí|por este (?:medio|canal|chat)|en este (?:canal|chat))\b|\b(?:por aquí|desde aquí|por este (?:medio|canal|chat)|en este (?:canal|chat))\b[^.!?]{0,30}?\bno\b|\bno (?:cuento|contamos) con\b|\bno (?:es|está|están) (?:habilitad\w+|soportad\w+)\b",
    "pt": r"\bnão\b[^.!?]{0,50}?\b(?:por aqui|daqui|por este canal|neste (?:canal|chat))\b|\b(?:por aqui|daqui|por este canal|neste (?:canal|chat))\b[^.!?]{0,30}?\bnão\b|\bnão (?:conto|contamos) com\b",
    "it": r"\bnon rientra(?:no)?\b|\bnon\b[^.!?]{0,40}?\b(?:da qui|tramite questa chat|in questa chat)\b|\b(?:da qui|tramite questa chat|in questa chat)\b[^.!?]{0,30}?\bnon\b|\bnon (?:è|sono) (?:supportat\w+|previst\w+)\b",
    "nl": r"\b(?:niet|geen)\b[^.!?]{0,30}?\b(?:via (?:deze chat|dit kanaal)|vanuit deze chat)\b|\b(?:ik|we|wij)? ?(?:heb|hebben)\b[^.!?]{0,20}?\bgeen (?:functie|mogelijkheid|optie|toegang)\b|\bniet ondersteund\b",
    "pl": r"\bnie (?:jest|są) (?:możliw\w+|obsługiwan\w+|dostępn\w+) (?:w tym|przez ten|na tym)\b|\bnie ma takiej (?:opcji|możliwości|funkcji)\b",
    "ru": r"\b(?:в этом чате|через этот (?:чат|канал)|здесь)\b[^.!?]{0,40}?\b(?:нельзя|невозможно)\b|\bнет такой (?:функции|возможности)\b",
    "tr": r"\b(?:bu kanaldan|buradan|bu sohbette\w*)\b[^.!?]{0,40}?(?:\w+m[ıiuü]yor\w*|mümkün değil)|\byetki(?:m|miz)\b[^.!?]{0,12}(?:yok|bulunmuyor)",
    "sv": r"\b(?:går|kan)\b[^.!?]{0,30}?\binte\b[^.!?]{0,20}?\b(?:här|via (?:chatten|den här))",
    "zh": r"(?:我?(?:这边|这里)|此处|本渠道)[^。！？]{0,10}(?:不了|无法|不能|不提供|不支持)|(?:暂|目前)[^。！？]{0,4}不(?:提供|支持|开放)",
    "ja": r"(?:チャット|こちら|窓口)[^。！？]{0,12}(?:では|から)[^。！？]{0,24}(?:ません|かねます)|承って(?:おりません|いません)|(?:店頭|窓口|お電話|電話|アプリ)(?:で)?のみ",
    "ko": r"(?:여기|이 채팅|채팅)(?:서|에서)?는?[^.!?]{0,24}(?:없|않|불가)|(?:매장|전화|앱)에서만",
}

_NOT_FOUND = {
    "en": r"\b(?:no (?:matching |such |relevant |available |direct |record of )?(?:results?|records?|match(?:es)?|data|entr(?:y|ies)|documents?|items?|flights?|products?|orders?|slots?|appointments?|information|account|customer|user|reservation)s?\b[^.!?]{0,40}?\b(?:found|available|exist|matched|returned|recorded)|(?:could(?: not|n't)|can(?:not|'t)|did(?: not|n't)|(?:was|am|were)(?: not|n't) able to|unable to|not able to|not|'m not) (?:seem to )?(?:find(?:ing)?|locate|locating|retrieve any|see(?:ing)?) (?:(?:an?|any|your|that|the|this|it|records?|information|results?|details)\b|\S*\d)|(?:found|find|have found) (?:nothing|no)\b|not found\b|does(?: not|n't) exist (?:in|on)|(?:don't|do not) have (?:any )?(?:information|data|records?|details|documentation|documents) (?:on|about|for|regarding|available)|(?:is|are)(?: not|n't) (?:listed|recorded|in (?:my|our|the) (?:database|system|records?|catalog(?:ue)?|knowledge base|index|documents?))|0 results|zero results|nothing (?:found|matches|came up))|\bno (?:\w+ ){1,3}?(?:is |was |are )?(?:registered|on (?:file|record)|came up|turned up|in (?:our|the) (?:system|records?|database))\b|\b(?:shows?|returned|contains?) (?:nothing|no (?:rows|entries|results?|match\w*))\b|\bnothing (?:is (?:listed|there|on file)|on file|came up|turned up|match\w*|was found)\b|\bdoes(?:n't| not) match any\b|\bhas no (?:rows|records|entries|data)\b|\b(?:do|does)(?:n't| not) have (?:any )?(?:\w+ ){0,2}(?:data|records?|entry|entries) (?:on|for|about)\b",
    "de": r"\b(?:(?:nichts|nicht) (?:dazu |darüber )?gefunden|kein(?:e|en)? (?:passende[nrs]? |entsprechende[nrs]? )?(?:ergebnisse?|treffer|einträge?|daten|informationen|dokumente?|bestellung|kunden?)\b[^.!?]{0,40}?(?:gefunden|vorhanden|verfügbar|finden)|konnte (?:ich )?(?:leider )?(?:nicht|kein(?:e|en)?)[^.!?]{0,40}?finden|keine (?:informationen|angaben|daten) (?:zu|über|vor))|\b(?:kein\w*|nicht)\b[^.!?]{0,40}?\b(?:hinterlegt|registriert|bekannt|erfasst|gespeichert)\b|\bkein\w* (?:eintrag|treffer)\b|\b(?:ich|wir) finden?\b[^.!?]{0,50}?\b(?:nicht|kein\w*)\b|\bkonnten? (?:ich|wir)\b[^.!?]{0,10}?\bkein\w*\b[^.!?]{0,60}?\bfinden\b",
    "fr": r"\b(?:introuvable|aucun(?:e)? (?:résultat|donnée|document|enregistrement|information|commande|client|article)|n'ai (?:pas|rien) (?:pu )?trouvé|pas trouvé|n'existe pas|ne trouve (?:pas|aucun))|\bne (?:vois|trouve)\b[^.!?]{0,12}?\b(?:pas|aucun\w*)\b|\bne correspond à auc\w+|\bn'(?:apparaît|figure) pas\b",
    "es": r"\b(?:no (?:se )?(?:he |ha |han |pude |logré )?(?:encontr\w+|hall\w+|localiz\w+)|ning[uú]n (?:resultado|registro|cliente|producto|documento)|no (?:hay|existen?) (?:resultados|datos|registros|información|disponibilidad)|sin resultados|no existe)|\bno (?:aparece|figura|consta|queda|quedan)\b|\bno hay (?!problema|inconveniente|necesidad|costo|cargo|duda|de qué)\w+ (?:disponible|libre|registrad|para es)\w*",
    "pt": r"\b(?:não (?:foi |foram )?(?:encontr\w+|localiz\w+)|nenhum(?:a)? (?:resultado|registro|cliente|produto|documento|informação)|não (?:há|existem?) (?:resultados|dados|registros|informações)|sem resultados)|\bnão (?:consta|aparece|achei|localizei)\b|\bnão há (?!problema|necessidade|custo|de quê|dúvida)\w+",
    "it": r"\b(?:non (?:ho |è stato |sono stati )?(?:trovat\w+|riuscito a trovare)|nessun(?:a)? (?:risultato|dato|documento|ordine|cliente|informazione)|non esiste)|\bnon (?:risulta|risultano|trovo|compare)\b",
    "nl": r"\b(?:niet gevonden|geen (?:resultaten|gegevens|documenten|informatie|bestelling|klant)\b[^.!?]{0,30}?(?:gevonden|beschikbaar)|kon(?: ik)? [^.!?]{0,30}?niet vinden|bestaat niet)|\b(?:geen|niet)\b[^.!?]{0,40}?\b(?:bekend|te vinden|vinden)\b",
    "pl": r"\b(?:nie (?:znaleziono|znalazłem|znalazłam|udało się znaleźć|istnieje)|brak (?:wyników|danych|dokumentów|informacji))",
    "ru": r"(?:не (?:найден\w*|нашл\w*|удалось найти|существует)|ничего не найдено|нет (?:данных|результатов|информации)|отсутству[ею]т)",
    "tr": r"(?:bulunamadı|bulamadım|sonuç yok|kayıt yok|mevcut değil|bulunmamaktadır)",
    "sv": r"\b(?:hittades inte|inga (?:resultat|träffar|uppgifter)|hittar (?:inte|ingen|inga)|finns inte i)",
    "id": r"\b(?:tidak (?:ditemukan|menemukan|ada (?:data|hasil|informasi)|tersedia dalam))",
    "zh": r"(?:未找到|找不到|没有找到|没有(?:相关|匹配)?的?(?:结果|记录|数据|信息)|查无|不存在|暂无)|没(?:有)?(?:查|找|搜)到|查不到|系统(?:里|中)没有",
    "ja": r"(?:見つかりません|見つけられません|見当たりません|該当(?:する)?[^。]{0,12}(?:ありません|ございません)|存在しません|情報(?:が|は)(?:ありません|ございません))|確認できません|登録されて(?:い|おり)?(?:ない|ません)",
    "ko": r"(?:찾을 수 없|찾지 못했|검색 결과가 없|존재하지 않|데이터가 없|정보가 없|없는 (?:주문|고객|상품))",
    "ar": r"(?:لم (?:أجد|يتم العثور|أعثر)|غير موجود|لا توجد (?:نتائج|بيانات|معلومات))",
}

_POLICY = {
    "en": r"\b(?:polic(?:y|ies)|guidelines?|terms (?:of|and)|rules?\b|regulations?|compliance|not (?:allowed|permitted|eligible|refundable|covered|authori[sz]ed under)|non-?refundable|ineligible|does(?: not|n't) qualify|do(?: not|n't) qualify|not entitled|unauthori[sz]ed|prohibit\w*|restrict\w+|against (?:the|our)|unethical|illegal|harmful|legal advice|medical advice|(?:confidential|private|personal|sensitive) (?:information|data)|for (?:security|privacy|safety|legal) reasons|outside (?:the|our) (?:\w+ )?(?:window|period)|once (?:it|they|the \w+) (?:has|have) been|must be (?:the same|within|at least)|only (?:eligible|allowed|permitted|for)|cannot be (?:\w+ly )?(?:added|changed|modified|cancell?ed|refunded|combined|removed|used|applied|waived|upgraded|transferred)|make (?:an )?exceptions?|i(?:'m| am) programmed to)\b",
    "de": r"\b(?:richtlinien?|bedingungen|agb|vorschrift\w*|nicht (?:erlaubt|gestattet|erstattungsfähig|zulässig|berechtigt)|aus (?:sicherheits|datenschutz|rechtlichen)\w*|regelung\w*|gemäß)",
    "fr": r"\b(?:politique|règlement|conditions|pas (?:autorisé|permis|remboursable|éligible)|interdit|règles|pour des raisons de (?:sécurité|confidentialité))",
    "es": r"\b(?:política\w*|normas?|términos|condiciones|no (?:está permitido|es reembolsable|cumple|califica|es elegible)|reglas?|prohibid\w+|por razones de (?:seguridad|privacidad))",
    "pt": r"\b(?:política\w*|normas?|termos|não (?:é permitido|é reembolsável|é elegível)|regras?|proibid\w+)",
    "it": r"\b(?:politic\w+|norme|termini|condizioni|non (?:è consentito|è rimborsabile|è idoneo)|regol\w+|vietat\w+)",
    "nl": r"\b(?:beleid|voorwaarden|niet (?:toegestaan|restitueerbaar)|regels)",
    "pl": r"\b(?:regulamin\w*|polityk\w+|zasad\w+|nie (?:jest )?dozwolon\w+|niedozwolon\w+)",
    "ru": r"(?:политик\w+|правил\w*|не (?:разрешен\w*|допускается|подлежит)|запрещен\w*|услови\w+)",
    "tr": r"(?:politika\w*|kural\w*|izin verilm\w+|iade edilemez|koşul\w*)",
    "zh": r"(?:政策|规定|条款|不允许|不可退|不符合|违反|禁止)",
    "ja": r"(?:ポリシー|規約|規定|規則|許可されて(?:いません|おりません)|返金(?:不可|対象外)|禁止)",
    "ko": r"(?:정책|규정|약관|허용되지 않|환불 불가|대상이 아|금지)",
}

# "I can't do that without your order number" asks for something; "I can't believe it" is talk.
_NO_REFUSAL = {
    "en": r"\b(?:without (?:your|the|an?|more|that|this|knowing)|until (?:you|i|we)|unless|can(?:not|'t) (?:wait|believe|thank|guarantee|stress|go wrong|be sure|see you)|\bif (?:i|we|you|the|it|there|any|your|this|that)\b|\byou(?:'re| are|r system is)? (?:can(?:not|'t)|(?:are )?(?:unable|not able)|(?:do(?: not|n't)|did(?: not|n't)) have)|(?:when|where|in case|whether|checks? if) [^.!?]{0,60}(?:not found|unable|cannot|can't)|could you|would you (?:please )?(?:provide|share|tell)|please (?:provide|share|specify|confirm|clarify|note)|need (?:your|the|more|a few|to know|some)|in case you|(?:we|i) (?:can|could|will|should|must) (?:use|try|assume|rely|simulate)\b)",
    "de": r"\b(?:ohne (?:ihre?|die|deine?)|bis sie|es sei denn|wenn sie nicht|könnten sie|bitte (?:geben|nennen|teilen))",
    "fr": r"\b(?:sans (?:votre|vos|le|la|plus)|tant que|à moins|pourriez-vous|veuillez (?:fournir|indiquer|préciser))",
    "es": r"\b(?:sin (?:su|tu|el|la|más)|hasta que|a menos que|podría[s]? (?:proporcionar|indicar)|por favor,? (?:proporcione|indique))",
    "pt": r"\b(?:sem (?:o|a|seu|sua|mais)|até que|a menos que|poderia (?:informar|fornecer)|por favor,? informe)",
    "it": r"\b(?:senza (?:il|la|suo|sua|ulteriori)|finché|a meno che|potrebbe (?:fornire|indicare))",
}

_CLAIM = {
    "en": r"\b(?:i(?:'ve| have)(?: (?:now|just|successfully|already|gone ahead and))* (?:booked|cancell?ed|rescheduled|scheduled|sent|emailed|refunded|issued|updated|changed|created|opened|submitted|placed|ordered|processed|added|removed|deleted|escalated|forwarded|transferred)\b(?! (?:you|to you|above|below|here|the following)\b))|\b(?:has|have) been (?:successfully )?(?:booked|cancell?ed|rescheduled|refunded|sent|submitted|placed|processed|escalated)\b",
    "de": r"\bich habe\b[^.!?]{0,60}?\b(?:gebucht|storniert|gesendet|geschickt|erstattet|erstellt|weitergeleitet|bestellt|eingereicht)\b|\bwurde (?:erfolgreich )?(?:gebucht|storniert|gesendet|erstattet)",
    "fr": r"\bj'ai (?:bien )?(?:réservé|annulé|envoyé|remboursé|créé|transmis|commandé|modifié)\b|\ba (?:bien )?été (?:réservée?|annulée?|envoyée?|remboursée?)",
    "es": r"\bhe (?:reservado|cancelado|enviado|reembolsado|creado|programado|solicitado|modificado)\b|\bha sido (?:reservad|cancelad|enviad|reembolsad|programad)[oa]",
}  # fmt: skip

_CLOSING = {
    "en": r"\b(?:thanks|thank you|thx|bye|goodbye|have a (?:good|great|nice)|appreciate it|that(?:'s| is) all|cheers|take care)\b",
    "de": r"\b(?:danke|tschüss|auf wiedersehen|schönen tag|das war(?:'s| es))\b",
    "fr": r"\b(?:merci|au revoir|bonne journée|c'est tout)\b",
    "es": r"\b(?:gracias|adiós|hasta luego|eso es todo)\b",
    "pt": r"\b(?:obrigad[oa]|tchau|até logo|é só isso)\b",
    "it": r"\b(?:grazie|arrivederci|buona giornata)\b",
    "nl": r"\b(?:bedankt|dank (?:je|u)|tot ziens)\b",
    "pl": r"\b(?:dziękuję|do widzenia)\b",
    "ru": r"(?:спасибо|до свидания)",
    "tr": r"(?:teşekkür|hoşça kal|görüşürüz)",
    "zh": r"(?:谢谢|再见)",
    "ja": r"(?:ありがとう|さようなら)",
    "ko": r"(?:감사합니다|고마워|안녕히)",
}

# "As your fare is non-refundable, I cannot" reasons about the case; "as I have no tool" reasons about the agent.
_REASONED = {
    "en": r"\b(?:since|because|as|given(?: that)?|due to|seeing that) (?:your|the|there|this|it|you|these|all|both|of|neither|none|no)\b|\bunder these (?:conditions|circumstances)\b",
    "de": r"\b(?:da|weil|aufgrund) (?:ihre?|die|der|das|es|dies\w*|sie)\b",
    "fr": r"\b(?:car|parce que|puisque|en raison) (?:votre|vos|le|la|les|il|de|du|vous)\b",
    "es": r"\b(?:ya que|porque|debido a|dado que) (?:su|tu|el|la|los|esta?|usted)\b",
}

_BROKEN = {
    "en": r"\b(?:technical|system|connection|server) (?:issue|error|problem|difficult\w+)|\b(?:error|failed|failing|failure|time[ds]? ?out|outage|not (?:working|responding)|unavailable at the moment|temporarily)\b|\b(?:issue|problem|trouble) (?:with|while|accessing|retrieving|processing)\b",
    "de": r"\b(?:fehler|technische\w* (?:problem|störung)\w*|störung|fehlgeschlagen)",
    "fr": r"\b(?:erreur|problème technique|échoué|incident)",
    "es": r"\b(?:error|problema técnico|falló|fallo|inconveniente)",
    "pt": r"\b(?:erro|problema técnico|falha|falhou)",
    "it": r"\b(?:errore|problema tecnico|fallit[oa])",
}

_HUMAN = {
    "en": r"\b(?:(?:speak|talk|connect\w*|transfer\w*|escalate\w*)\b[^.!?]{0,30}?\b(?:human|person|representative|manager|supervisor|someone|operator|live agent|real agent)|human (?:agent|representative)|customer service rep)",
    "de": r"\b(?:mit einem (?:menschen|mitarbeiter|berater) (?:sprechen|verbinden)|echten? (?:menschen|mitarbeiter))",
    "fr": r"\b(?:parler à (?:un|une) (?:humain|conseiller|agent|personne|responsable))",
    "es": r"\b(?:hablar con (?:un|una) (?:humano|agente|persona|representante|supervisor))",
    "pt": r"\b(?:falar com (?:um|uma) (?:humano|atendente|pessoa|agente|representante))",
}  # fmt: skip


def _compile(patterns: dict[str, str]) -> re.Pattern[str]:
    joined = "|".join(f"(?:{pattern})" for pattern in patterns.values())
    return re.compile(joined.replace("'", "['’]"), re.IGNORECASE)


REFUSAL = _compile(_REFUSAL)
IMPERSONAL = _compile(_IMPERSONAL)
NOT_FOUND = _compile(_NOT_FOUND)
POLICY = _compile(_POLICY)
NO_REFUSAL = _compile(_NO_REFUSAL)
CLAIM = _compile(_CLAIM)
CLOSING = _compile(_CLOSING)
REASONED = _compile(_REASONED)
BROKEN = _compile(_BROKEN)
WANTS_HUMAN = _compile(_HUMAN)
