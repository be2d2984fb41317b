"""What patients ask a clinic about, one name for every way to say it: the vocabulary that answers are judged with.

It is finer than the search's (`app/domain/clinic_words.py`): a search may take a lift for step-free access, an answer
may not. Words are written as `normalise` leaves them, without accents; `_` joins what is several words.
"""

TREATMENTS: dict[str, str] = {
    "cleaning": "cleaning cleanings clean cleaned hygiene prophylaxis prophy polishing scale_and_polish scaling"
    " limpieza"
    " limpiezas detartrage teeth_cleaning tooth_cleaning nettoyage",
    "whitening": "whitening whiten whitened whitener bleaching bleach bleached brightening blanqueamiento blanchiment",
    "checkup": "a_check_up checkup checkups check_up check_ups exam exams examination examinations examine recall"
    " revision chequeo"
    " examen",
    "filling": "filling fillings white_filling white_fillings tooth_colored_filling tooth_colored_fillings"
    " composite plombage empaste empastes plombages",
    "crown": "crown crowns corona coronas couronne couronnes",
    "bridge": "bridge bridges bridgework",
    "implant": "implant implants implante implantes",
    "veneer": "veneer veneers carillas facettes",
    "denture": "denture dentures false_teeth dentadura dentier partials partial_denture",
    "prosthesis": "prosthesis prostheses prosthetics",
    "root_canal": "root_canal root_canals root_treatment root_treatments root_filling root_canal_treatment endodontic"
    " endodontics endodontist endodoncia",
    "extraction": "extraction extractions extract extracted pull pulled pulling take_out taken_out takes_out remove"
    " tooth_out teeth_out removed removal removing extraccion",
    "wisdom": "wisdom wisdom_tooth wisdom_teeth third_molar third_molars muelas_del_juicio",
    "ortho": "orthodontic orthodontics orthodontist straighten straightening straightens ortodoncia crooked",
    "braces": "braces brace bracket brackets fixed_braces",
    "aligner": "aligner aligners invisalign clearcorrect suresmile invisible_braces clear_braces clear_aligner"
    " clear_aligners",
    "retainer": "retainer retainers",
    "xray": "xray xrays x_ray x_rays radiograph radiographs radiografia",
    "scan": "scan scans",
    "scan_3d": "3d_scan 3_d_scan cbct 3d_scans",
    "consultation": "consultation consultations consult first_look initial_look assessment consulta",
    "sealant": "sealant sealants fissure_sealants",
    "fluoride": "fluoride varnish",
    "mouth_guard": "gumshield gumshields gum_shields sports_mouthguard mouth_guard mouthguard mouthguards"
    " mouth_guards gum_shield sports_guard",
    "night_guard": "night_guard night_guards nightguard splint grinding grind bruxism",
    "gum": "gum gums periodontal periodontist periodontitis gum_disease",
    "botox": "botox facial_aesthetics",
    "filler": "filler fillers lip_fillers",
    "nitrous": "nitrous nitrous_oxide laughing_gas gas_and_air happy_air happy_gas",
    "sedation": "sedation sedated sedate sedatives twilight_sleep",
    "iv": "intravenous_sedation iv intravenous through_a_vein",
    "narcosis": "sleep_dentistry anaesthetist anesthetist general_anaesthesia general_anaesthetic"
    " general_anesthesia general_anesthetic narcosis"
    " put_to_sleep asleep knocked_out_completely full_anaesthesia fully_asleep put_under",
    "numbing": "numbing numb local_anaesthetic local_anesthetic freezing anaesthetic_injection",
    "hypnosis": "hypnosis hypnotherapy hypnotise hypnotist",
    "laser": "laser lasers",
    "airflow": "airflow",
    "bonding": "bonding",
    "stitches": "stitch stitches sutures",
    "impression": "impression impressions mould",
    "surgery": "surgical oral_surgery operation",
    "oral_cancer": "oral_cancer cancer_screening",
}
GROUPS: dict[str, str] = {
    "child": "child children kid kids childrens under_11s under_18s minor minors paediatric pediatric nino ninos"
    " enfant enfants youngster youngsters underage little_one little_ones",
    "offspring": "son daughter sons daughters boy girl hijo hija fils fille",
    "baby": "baby babies toddler toddlers infant infants first_tooth first_birthday",
    "teen": "teen teens teenager teenagers adolescent adolescents",
    "senior": "senior seniors pensioner pensioners elderly oap retired retirees older_patients mayores",
    "student": "student students college_students",
    "veteran": "veteran veterans military",
    "pregnant": "pregnant pregnancy expecting embarazada enceinte",
    "diabetic": "diabetic diabetics diabetes",
    "new_patient": "new_patient new_patients newcomer newcomers first_visit first_appointment first_time"
    " first_consultation initial_visit initial_appointment join register registering accepting_patients nuevo_paciente",
    "sibling": "sibling siblings",
    "family": "family families household",
    "uninsured": "uninsured without_insurance no_insurance self_pay pay_themselves pay_myself not_have_insurance"
    " without_dental_insurance not_have_any_insurance privately private not_have_dental_insurance",
    "smoker": "smoker smokers smoke smoking cigarette cigarettes",
}
MEANS: dict[str, str] = {
    "credit_card": "credit_card credit_cards creditcard all_major_cards major_cards tarjeta carte_de_credit",
    "debit_card": "debit debit_card girocard",
    "card": "card cards contactless",
    "visa": "visa",
    "mastercard": "mastercard",
    "amex": "amex american_express",
    "cash": "cash efectivo especes notes_and_coins",
    "cheque": "cheque cheques personal_check personal_checks a_check by_check checks",
    "apple_pay": "apple_pay",
    "google_pay": "google_pay",
    "paypal": "paypal venmo zelle",
    "transfer": "bank_transfer wire wire_transfer e_transfer interac bacs",
    "savings_card": "hsa fsa hsa_card fsa_card",
    "carecredit": "carecredit care_credit",
    "payplan": "split divided equal_parts into_parts parts spread payment_plan payment_plans instalment instalments"
    " installment installments financing finance"
    " pay_monthly monthly_payments monthly_payment spread_the_cost pay_over_time payment_schedule pay_in_parts plazos"
    " en_plusieurs_fois spread_payments spread_the_payments pay_later over_time",
    "interest": "interest interest_free apr",
    "deposit": "deposit deposits down_payment",
    "discount": "discount discounts money_off cheaper reduction reduced reductions rebate descuento special_offer"
    " promotion promotions special",
    "membership": "membership member_plan membership_plan members_plan dental_plan club members savings_plan"
    " subscription",
    "refund": "refund refunds money_back",
    "tax": "tax vat",
    "voucher": "voucher vouchers gift_card gift_cards",
    "crypto": "bitcoin crypto",
    "estimate": "estimate estimates quote quotes cost_plan treatment_plan quoted costings predetermination"
    " pre_treatment_estimate cost_estimate",
    "invoice": "invoice invoices bill bills receipt receipts",
}
INSURERS: dict[str, str] = {
    "insurance": "insurance insurances insurer insurers insured coverage cover seguro seguros aseguradora mutuelle"
    " assurance insurance_plan insurance_plans dental_insurance benefits",
    "medicaid": "medicaid ahcccs medi_cal",
    "medicare": "medicare",
    "hmo": "hmo dhmo dmo",
    "ppo": "ppo dppo",
    "nhs": "nhs",
    "network": "network in_network out_of_network",
    "direct_billing": "direct_billing bill_directly bill_insurance bill_them_directly send_the_claim file_claims"
    " file_for_you file_the_claim submit_claims claim claims claim_forms bill_manulife_directly directly direct",
}
PLACES: dict[str, str] = {
    "parking": "parking park parked car_park car_parks parking_lot parking_space parking_spaces parking_spot garage"
    " lot multi_storey parkade aparcamiento estacionamiento stationnement leave_the_car leave_my_car municipal_lot",
    "validate": "validate validated validation",
    "charging_point": "charging_point charging_station ev_charging ev_charger charge_my_e_bike charge_my_car ev",
    "bus": "bus buses autobus",
    "tram": "tram trams streetcar",
    "train": "train trains railway",
    "subway": "subway metro underground",
    "transit": "public_transport public_transportation transport_public transit bus_or_train",
    "bicycle": "bicycle bicycles bike bikes cycle cyclist cyclists bicycle_rack bike_rack",
    "lift": "lift elevator elevators lifts ascensor ascenseur",
    "stairs": "stairs steps upstairs staircase climb",
    "access": "access blue_badge disabled_bay disabled_bays wheelchair wheelchairs wheel_chair accessible"
    " accessibility disabled step_free barrier_free mobility"
    " handicapped handicap rollator walker disability one_level fauteuil silla_de_ruedas",
    "ramp": "ramp ramps",
    "toilet": "toilet toilets loo restroom restrooms bathroom washroom",
    "floor": "floor storey story level",
    "hearing_loop": "hearing_loop hearing_aid induction_loop hard_of_hearing",
    "wifi": "wifi wi_fi internet wireless",
    "waiting_room": "waiting_room waiting_area lounge",
    "toy": "toy toys",
    "play": "play_corner play_area playroom playground",
    "tv": "tv television movie movies netflix",
    "coffee": "coffee espresso",
    "tea": "tea",
    "pram": "pram prams stroller strollers buggy pushchair",
    "pet": "pet pets dog dogs animal animals service_animal service_animals assistance_dog assistance_dogs guide_dog"
    " guide_dogs service_dog service_dogs therapy_dog mascota perro chien",
    "cat": "cat cats",
    "locker": "locker lockers",
    "interpreter": "interpreter interpreters sign_language translator",
    "chaperone": "chaperone chaperones",
    "portal": "portal patient_portal",
    "app": "app apps iphone android",
    "branch": "branch branches second_location other_locations other_location",
}
TIMES: dict[str, str] = {
    "monday": "monday mondays mon lunes lundi",
    "tuesday": "tuesday tuesdays tue tues martes mardi",
    "wednesday": "wednesday wednesdays wed weds miercoles mercredi",
    "thursday": "thursday thursdays thu thur thurs jueves jeudi",
    "friday": "friday fridays fri viernes vendredi",
    "saturday": "saturday saturdays sat sabado sabados samedi",
    "sunday": "sunday sundays sun domingo domingos dimanche",
    "weekend": "weekend weekends week_end fin_de_semana",
    "weekday": "weekday weekdays during_the_week",
    "evening": "evening evenings late_clinic after_work tarde soir night at_night nights",
    "lunch": "pause lunch lunchtime lunch_time lunch_break lunch_hour",
    "holiday": "bank_holiday bank_holidays public_holiday public_holidays statutory_holidays statutory_holiday"
    " federal_holidays holidays festivos jours_feries",
    "vacation": "works_holiday summer_holiday on_holiday vacation holiday annual_leave vacations",
    "christmas": "christmas xmas christmas_eve boxing_day 24_december navidad noel 25_december",
    "new_year": "new_year new_years new_years_eve 1_january 31_december",
    "easter": "easter good_friday",
    "thanksgiving": "thanksgiving black_friday",
    "named_holiday": "4th_of_july fourth_of_july independence_day labor_day memorial_day family_day canada_day"
    " halloween juneteenth mlk_day presidents_day",
    "summer": "summer july august summertime",
    "snow": "snow snow_day snow_days snows weather storm blizzard ice_storm",
    "around_the_clock": "24_7 around_the_clock all_night",
}
LANGUAGES = (
    "spanish french german english polish turkish russian arabic chinese mandarin cantonese portuguese italian"
    " hindi urdu"
    " punjabi bengali vietnamese korean japanese tagalog swahili farsi persian ukrainian greek dutch romanian somali"
    " gujarati tamil hebrew"
)
ABROAD_LANGUAGES = {"francais": "french", "espanol": "spanish", "ingles": "english", "anglais": "english"}
MATTERS: dict[str, str] = {
    "price": "price prices priced pricing cost costs costing fee fees charge charges charged rate rates expensive cheap"
    " how_much set_me_back run_me set_us_back precio precios cuesta cuestan cuanto_cuesta tarifa prix tarif"
    " combien_coute combien coute amount dear afford affordable",
    "free": "free complimentary gratis no_charge free_of_charge at_no_cost",
    "payment": "pay payment payments paying paid payable pago pagar payer settle",
    "hours": "opening_hours opening_times office_hours business_hours hours open opens opened opening close closes"
    " closed closing shut shuts consultation_hours surgery_hours work_until horario horarios horaires ouvert reopen",
    "duration": "how_long cuanto_dura combien_de_temps duration last lasts lasting",
    "contact": "dial speak_to_us telephone phone_number phone ring call calling number telephone_number reach"
    " contact contacting"
    " telefono numero_de_telefono numero text",
    "email": "email e_mail emails mail",
    "fax": "fax",
    "address": "whereabouts you_will_find you_find_us we_are_at address located location situated where_are_you"
    " where_exactly_are_you find_you directions get_to_you"
    " come_to_you direccion adresse getting_here getting_there find_us get_there ubicacion getting_to",
    "online": "online internet_booking website web over_the_internet",
    "book": "book booking bookings agree_an_appointment make_an_appointment arrange schedule_an_appointment"
    " arranging agreed reservation",
    "cancel": "cancel cancels cancelled canceled cancelling canceling cancellation cancellations cancelar annuler"
    " prevented can_not_come can_not_make_it can_not_attend call_off call_it_off can_not_keep",
    "move": "move moved moving reschedule rescheduled rescheduling change_my_appointment postpone change_an_appointment"
    " another_day switch change",
    "notice": "notice beforehand in_advance advance_notice ahead",
    "missed": "nobody_comes fail_to_attend fails_to_attend failing_to_attend not_attend unattended missed miss"
    " missing no_show no_shows not_turn_up not_show_up forget forgot do_not_come do_not_show",
    "late": "late lateness running_late delayed delay late_arrival minutes_late",
    "early": "early earlier",
    "walk_in": "walk_in walk_ins turn_up without_appointment without_an_appointment drop_in just_come"
    " no_appointment pop_in come_by",
    "emergency": "emergency emergencies urgent urgently urgencia urgence emergency_care emergency_visit",
    "pain": "pain toothache ache hurts hurting tooth_ache",
    "after_hours": "outside_your_hours outside_hours outside_of_hours out_of_hours after_hours"
    " outside_opening_hours when_you_are_shut when_we_are_closed duty_dentist"
    " on_duty on_call when_you_are_closed outside_the_consultation_hours outside_office_hours when_closed",
    "anxiety": "nervous anxious anxiety fear afraid scared phobia phobic terrified frightened dread miedo peur",
    "bring": "bring take_along bring_along documents paperwork papers apporter traer",
    "form": "form forms questionnaire anamnesis_form paperwork_online fill_in fill_out",
    "referral": "referral referrals refer referred need_a_referral",
    "specialist": "specialist specialists",
    "records": "records record chart charts notes_and_x_rays dental_records files history",
    "send": "send sent forward forwarded transferred transfer_records transfer_my_records sending share",
    "copy": "copy copies printed_copy duplicate",
    "privacy": "privacy confidential data gdpr hipaa personal_data",
    "complaint": "complaint complaints complain feedback",
    "guarantee": "guarantee guaranteed guarantees warranty warranties",
    "mask": "mask masks",
    "companion": "alone accompany accompanied by_myself on_her_own on_his_own on_their_own by_herself by_himself"
    " companion stay_with chaperoned unaccompanied without_me without_a_parent come_along parent_present need_me_there",
    "parent": "parent parents guardian custody mom_or_dad",
    "relative": "mom dad mum mother father wife husband brother sister grandmother grandfather",
    "drive": "drive driving drive_home ride_home",
    "age": "age ages aged years_old year_old how_old yr_old",
    "heal": "heal heals healing healing_time recover recovery",
    "repair": "repair repairs repaired fix fixed mend broke broken breaks break replace replacement new_ones new_one",
    "lost": "lost lose fell_out come_out came_out fallen_out falls_out knocked_out",
    "visit_count": "how_many_visits how_many_appointments",
    "often": "how_often often frequently every_six_months every_three_months times_a_year twice_a_year",
    "eat": "eat eating food chew",
    "drink": "drink drinking beverage drinks",
    "wait": "wait waiting waiting_time waiting_times",
    "reminder": "reminder reminders remind",
    "confirm": "confirm confirmation",
    "home_visit": "house_call house_calls home_visit home_visits domiciliary come_to_my_home visit_at_home nursing_home"
    " nursing_homes",
    "sell": "sell selling buy purchase",
    "job": "hire hiring apply job jobs vacancy vacancies apprenticeship applications train_assistants internship",
    "team": "team staff",
    "founder": "founder founded started owner owns opened_the_clinic",
    "dentist": "dentist dentists dentista dentiste",
    "hygienist": "hygienist hygienists",
    "brand": "brand make_of which_brand brands",
    "switch_dentist": "switch_dentists switch_dentist change_dentist change_dentists different_dentist"
    " other_dentist choose_my_dentist see_someone_else",
    "working_time": "full_time part_time",
    "directions": "exit highway motorway",
    "material": "material materials silver amalgam mercury tooth_colored",
    "ceramic": "ceramic porcelain zirconia zirconium zirconium_oxide",
    "titanium": "titanium",
    "jaw": "jaw jaws arch",
    "molar": "molar molars back_tooth back_teeth",
    "front_tooth": "front_tooth front_teeth incisor",
    "tooth": "tooth teeth dents dientes",
    "waiting_list": "waiting_list wait_list waitlist",
    "holiday_cover": "stands_in covers_for stand_in locum deputy covering",
    "open_list": "closed_list taking_on taken_on room_for accepting_new taking_new accept_new accepting_new_patients"
    " taking_new_patients accept_new_patients new_patients_are_taken",
    "snack": "popcorn toffee candy",
    "tongue": "tongue",
    "double": "double twice",
    "second_opinion": "second_opinion",
    "prescription": "prescription prescriptions prescribe",
    "photo": "photo photos photograph photographs picture pictures",
    "id": "photo_id photo_identification id identification passport",
    "desk": "reception front_desk receptionist desk",
    "answering_machine": "answering_machine voicemail answering_message",
    "school": "school kindergarten nursery",
    "sleep_apnea": "sleep_apnea sleep_apnoea snoring snore",
    "speak": "speak speaks spoken speaking language languages hablan habla parle parlez idiomas langues",
}
ALL: dict[str, str] = TREATMENTS | GROUPS | MEANS | INSURERS | PLACES | TIMES | MATTERS
ENTAILED: dict[str, str] = {
    "weekend": "saturday sunday",
    "saturday": "weekend",
    "sunday": "weekend",
    "weekday": "monday tuesday wednesday thursday friday",
    "access": "ramp lift stairs access",
    "stairs": "lift access ramp",
    "child": "teen baby age parent",
    "offspring": "child teen baby age parent",
    "parent": "relative",
    "teen": "child parent age",
    "baby": "age",
    "visa": "credit_card",
    "mastercard": "credit_card",
    "debit_card": "card",
    "sedation": "nitrous narcosis iv",
    "ortho": "braces aligner",
    "transit": "bus tram train subway",
    "bus": "transit",
    "cleaning": "hygienist",
    "braces": "ortho",
    "validate": "free",
    "scan": "scan_3d",
    "consultation": "checkup",
    "payplan": "interest",
    "evening": "late",
    "after_hours": "emergency answering_machine",
    "anxiety": "sedation nitrous hypnosis",
    "uninsured": "membership",
    "christmas": "holiday new_year",
    "new_year": "holiday",
    "easter": "holiday",
    "thanksgiving": "holiday",
    "named_holiday": "holiday",
    "vacation": "summer holiday",
    "mouth_guard": "night_guard",
    "card": "credit_card debit_card",
    "direct_billing": "invoice",
    "senior": "age",
    "companion": "parent drive",
    "cancel": "notice missed",
    "missed": "cancel",
    "move": "cancel notice",
    "price": "free payment discount",
    "payment": "price free card",
    "free": "price payment",
    "pain": "emergency",
    "emergency": "pain after_hours",
    "discount": "membership",
    "invoice": "payment",
    "contact": "email",
    "address": "floor",
    "specialist": "referral",
    "repair": "lost",
    "lost": "repair",
    "bring": "id",
    "form": "bring",
    "copy": "records",
    "walk_in": "emergency pain",
    "new_patient": "open_list",
    "open_list": "new_patient",
}
"""What else answers a question about the first: Saturday answers "at the weekend", a ramp answers "wheelchair"."""
