/** What an educator's commands look like on this phone before the server has answered. */

import type { CommandEffect, Effect } from "#sync";

const text = (value: unknown) => (typeof value === "string" ? value : "");
const staffOf = (courseId: unknown) => `course-staff:${text(courseId)}`;

export const effects: Readonly<Record<string, CommandEffect>> = {
  "catalog.course.create": (args) => [
    card(args),
    ...(args.section_id === undefined
      ? []
      : [
          {
            collection: "catalog.sections",
            bucket: staffOf(args.id),
            put: { id: text(args.section_id), course_id: args.id, title: args.section_title, rank: "a0" },
          },
        ]),
  ],
  "catalog.course.duplicate": (args) => [card(args)],
  "catalog.lesson.add": (args) => [
    {
      collection: "catalog.lessons",
      bucket: staffOf(args.course_id),
      put: {
        id: text(args.id),
        course_id: args.course_id,
        section_id: args.section_id,
        title: args.title,
        rank: args.rank,
        minutes: 1,
        text_bytes: 0,
      },
    },
    {
      collection: "catalog.lesson_texts",
      bucket: staffOf(args.course_id),
      put: { id: text(args.id), course_id: args.course_id, blocks: args.blocks ?? [] },
    },
  ],
};

/** Without a name for addresses the server does not know the course yet. */
function card(args: Parameters<CommandEffect>[0]): Effect {
  return {
    collection: "catalog.courses",
    bucket: staffOf(args.id),
    put: {
      id: text(args.id),
      slug: "",
      title: args.title,
      description: args.description ?? "",
      language: args.language ?? "",
      level: args.level ?? null,
      access: "free",
      subject_id: args.subject_id ?? null,
      lessons_count: 0,
      text_bytes: 0,
      media_bytes: 0,
      licence: null,
      attribution: null,
      source_url: null,
      status: "draft",
      revision: 0,
      pack_bytes: null,
    },
  };
}
