/** What the server could not do, for staff. English declares the words and their order. */
export const en = {
  "jobs.title": "What the server could not do",
  "jobs.lead":
    "Work that failed as often as it may. Nothing of it is lost: have it tried again once the cause is gone.",
  "jobs.none": "Everything was done",
  "jobs.none_hint": "What the server gives up will be listed here.",
  "jobs.find": "Find a file that the store has lost",
  "jobs.check": "Check a file that was sent",
  "jobs.shrink": "Make a film or a recording smaller",
  "jobs.import": "Bring in a course",
  "jobs.gave_up": "Given up {ago}, after {n} attempt|Given up {ago}, after {n} attempts",
  "jobs.details": "What happened",
  "jobs.again": "Try again",
  "jobs.trying": "The server will try again in a moment.",
  "jobs.look": "Look again",
  "jobs.older": "Show older ones",
  "jobs.names": "Names of subjects",
  "jobs.names_lead":
    "Educators wrote these names, and the list has none of them. Take one into the list, or say which subject it means: all that named it follows.",
  "jobs.names_none": "No name waits",
  "jobs.names_none_hint": "A name that no subject has will be listed here.",
  "jobs.names_by": "{by}, {ago} · {n} course|{by}, {ago} · {n} courses",
  "jobs.names_means": "It means",
  "jobs.names_choose": "Choose a subject",
  "jobs.names_merge": "Merge",
  "jobs.names_take": "Take into the list",
  "jobs.names_done": "Done",
} as const;
