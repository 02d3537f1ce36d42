/** What can go wrong with images, in words: what was found, and what to do. One entry for each code of `DataError`. */
export const dataEn = {
  faults: {
    offline: (file: string) => `This computer is offline, so ${file} could not be fetched. Connect, then try again.`,
    unreachable: (file: string) => `${file} could not be fetched: the connection failed. Try again.`,
    http: (file: string, status: string) => `${file} could not be fetched: the server answered ${status}. Try again, or tell whoever runs this page.`,
    cutOff: (file: string, got: string, expected: string) => `${file} broke off after ${got} of ${expected} bytes. Try again.`,
    damaged: (file: string) => `${file} is damaged: its contents are not what they should be. Fetch it again from its source.`,
    manifest: (file: string, key: string) => `${file} does not describe a set of images: “${key}” is missing or wrong.`,
    shardSize: (file: string, got: string, expected: string) => `${file} holds ${got} bytes, expected ${expected}. Build the page again.`,
    zip: (file: string) => `${file} is no ZIP file, or it is damaged. Pack it again.`,
    folderParts: (folder: string, missing: string) => `${folder} lacks ${missing}. Give the whole folder that diffusers wrote.`,
    nothing: () => "There is no file to read. Choose IDX files, a sheet of sprites, or images, in one folder for each class if they have classes.",
    mixed: (file: string) => `IDX files and other files cannot be read together; leave ${file} out.`,
    notImage: (file: string) => `${file} is no image that this browser can read. Leave it out, or save it as PNG or JPEG.`,
    imageSize: (file: string, width: string, height: string, limit: string) =>
      `${file} has ${width} × ${height} pixels; a side of 1 to ${limit} works.`,
    emptyClass: (name: string) => `Class “${name}” has no image. Add images of it, or leave the class out.`,
    tooManyClasses: (count: string, limit: string) => `There are ${count} classes; at most ${limit} work.`,
    tooMany: (megabytes: string, limit: string) => `The images would take ${megabytes} MB; at most ${limit} MB work. Choose fewer, or a smaller side.`,
    tooLarge: (file: string, limit: string) => `${file} has more than ${limit} MB. Choose a smaller file.`,
    sheetGuess: (file: string, width: string, height: string) =>
      `${file} has ${width} × ${height} pixels, and no usual size of cells divides both. Say how many columns and rows it has.`,
    sheetGrid: (file: string, width: string, height: string, columns: string, rows: string) =>
      `${file} has ${width} × ${height} pixels, which ${columns} columns and ${rows} rows do not divide. Change the columns or rows.`,
    sheetEmpty: (file: string) => `Every cell of ${file} has one colour only; there is nothing to learn from. Change the columns or rows.`,
    idxMagic: (file: string, found: string, expected: string) =>
      `${file} begins with ${found}, expected ${expected}. Files of images begin with 0x00000803, files of labels with 0x00000801.`,
    idxShort: (file: string, bytes: string) => `${file} has ${bytes} bytes, less than the header of an IDX file. It may be cut off.`,
    idxLength: (file: string, count: string, expected: string, got: string) =>
      `The header of ${file} says ${count} items, ${expected} bytes, but ${got} bytes follow. It is damaged or cut off.`,
    idxSizes: (file: string, rows: string, columns: string, limit: string) =>
      `${file} has images of ${rows} × ${columns} pixels; a side of 1 to ${limit} works.`,
    idxNoImages: (file: string) => `${file} holds labels, but no file of images came with it. Choose both files.`,
    idxEmpty: (file: string) => `${file} holds no image.`,
    idxMany: (file: string) => `${file} is one IDX file too many. Choose one file of images, and at most one of labels.`,
    idxCounts: (file: string, labels: string, images: string) =>
      `${file} has ${labels} labels, but there are ${images} images. Choose the two files that belong together.`,
  },
};

export type DataStrings = typeof dataEn;
