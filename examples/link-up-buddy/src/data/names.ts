// First and family names from the places where the buddies live.

export const firstNames: readonly string[] =
  `Aaliyah Abdul Adriana Aiko Alejandro Amara Amélie Anders Ania Anna Antonio Aoife Arjun Astrid Ayşe Beatriz Ben Björn
Bruno Camila Carlos Chiara Chidi Chloé Clara Daan Daniel Dimitra Diya Ebba Elena Eli Emeka Emma Erik Eszter Fatima Felix
Fiona Freya Gabriel Giulia Goran Grace Hana Hannah Haruto Hugo Ida Ines Ioana Isla Ivan Jakub Jana Jasper João Jonas Julia
Kaito Kamala Karim Katya Kenji Kofi Laila Lars Lea Leo Lina Lucía Luka Magda Maja Malik Marco María Mateo Maya Mei Mia
Milan Min-jun Nadia Naomi Niamh Nikos Nina Noah Nora Oisín Olga Oliver Omar Orsolya Pablo Paula Petra Pia Priya Rafael Ravi
Rosa Ruth Saoirse Sara Sven Sofia Stefan Tariq Tereza Theo Thandi Tomás Uma Vera Viktor Wanjiru Willem Xin Yara Yuki Zeynep
Zoë`.split(/\s+/)

export const familyNames: readonly string[] =
  `Adeyemi Ali Almeida Andersson Bakker Banerjee Bauer Bergström Bianchi Botha Brown Byrne Carvalho Chen Cohen Costa Dahl
Diaz Dubois Eriksen Fernández Ferrari Fischer Fontaine Garcia González Gupta Haddad Hansen Horváth Ionescu Jansen Johansson
Kaya Khan Kim Kimani Kowalski Kuznetsova Lambert Larsen Lee Lehtonen Lindqvist López MacLeod Martin Mbeki Meyer Molnár
Moreau Müller Murphy Mwangi Nakamura Nguyen Nowak Novák O'Brien O'Connor Okafor Olsen Osei Papadopoulos Park Patel Pereira
Popescu Ricci Rossi Roux Santos Sato Schmidt Sharma Silva Singh Smith Suzuki Svoboda Takahashi Tamm Taylor Tan Torres
Tremblay Van-den-Berg Virtanen Wagner Wang Weber Wilson Wiśniewska Yamamoto Yılmaz Zhang Zieliński`.split(/\s+/)
